/** Where lines go. */
export interface Lines {
  write(lines: string): unknown
}

/** Lines that are written together. */
export interface Gathered {
  /** Writes it with others, at once when there are so many bytes. */
  write(line: string): void
  /** Writes what has been gathered. */
  pass(): void
}

/** Before `out`, which looks at everything that it holds whenever a line is added to it. */
export function gatherLines(out: Lines, bytesMin: number): Gathered {
  let text = ''
  let bytes = 0
  const pass = () => {
    if (text === '') return
    const lines = text
    text = ''
    bytes = 0
    out.write(lines)
  }
  return {
    write(line) {
      text += line
      bytes += Buffer.byteLength(line)
      if (bytes >= bytesMin) pass()
    },
    pass,
  }
}
