/** Where valid JSON text names a key twice in one object. JSON.parse would keep the last only. */
export function findDuplicateKey(source: string): { line: number } | undefined {
  const tokens = /"(?:[^"\\]|\\.)*"|[{}[\]:,]/g
  const stack: (Set<string> | undefined)[] = []
  let last: { text: string; index: number } | undefined
  for (const match of source.matchAll(tokens)) {
    const [text] = match
    if (text === '{') stack.push(new Set())
    else if (text === '[') stack.push(undefined)
    else if (text === '}' || text === ']') stack.pop()
    else if (text === ':' && last !== undefined) {
      const keys = stack.at(-1)
      const key = JSON.parse(last.text) as string
      if (keys?.has(key) === true) return { line: source.slice(0, last.index).split('\n').length }
      keys?.add(key)
    }
    last = { text, index: match.index }
  }
  return undefined
}
