/** Text that stands where something is filled in later, or refers to it: no value by itself. */
export const isPlaceholder = (text: string): boolean => {
  const trimmed = text.trim()
  return trimmed === '' || PLACEHOLDERS.some((pattern) => pattern.test(trimmed))
}

const PLACEHOLDERS = [
  /^\$\{.*\}$|^\$\(.*\)$|^\$[A-Za-z_]\w*$/s,
  /^\{\{.*\}\}$|^<.*>$|^%\w+%$|^\[.*\]$/s,
  /^(?:\*+|x{3,}|\.{3}|-+|_+)$/i,
  /^(?:coffer|env|file|dotenv|aws|azure|vault|kubernetes|sops|command|arn|secretref|op|bw):/i,
  /^ref\+|^@Microsoft\.KeyVault\(/i,
]
