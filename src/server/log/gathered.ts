/** Where lines go. */
export interface Lines {
  write(lines: string): unknown
}

/** Lines that are written together. */
export interface Gathered {
  /** Writes it with others, at once when there are so many characters: of ASCII, bytes. */
  write(line: string): void
  /** Writes what has been gathered. */
  pass(): void
}

/** Before `out`, which looks at everything that it holds whenever a line is added to it. */
export function gatherLines(out: Lines, charsMin: number): Gathered {
  let text = ''
  const pass = () => {
    if (text === '') return
    const lines = text
    text = ''
    out.write(lines)
  }
  return {
    write(line) {
      text += line
      if (text.length >= charsMin) pass()
    },
    pass,
  }
}
