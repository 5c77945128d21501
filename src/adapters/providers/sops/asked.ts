import { CofferError } from '../../../core/errors.ts'
import { address, checkConsent } from '../consent.ts'
import type { ProviderContext } from '../context.ts'

/**
 * A file says itself which Vault holds its key, and SOPS sends the token of the environment there:
 * whoever may change the file chose where. So that has to be the environment's own, or one it allows.
 * @throws CofferError `unknown_provider`; `corrupt` for a file that may name one and cannot be read
 */
export async function checkAsked(
  { env }: Pick<ProviderContext, 'env'>,
  name: string,
  bytes: Uint8Array,
): Promise<void> {
  const text = Buffer.from(bytes).toString('utf8')
  // What is none of these can stand in no document but by an escape or a tag.
  if (!/vault|[\\!]/i.test(text)) return
  const own = env['VAULT_ADDR']
  const named = /\.(?:env|ini)$/.test(name) ? inLines(text) : await inDocument(text)
  for (const vault of named) checkConsent({ env, declared: true }, address(vault, own))
}

const KEY = 'vault_address'
const PLAIN: readonly (string | undefined)[] = [undefined, 'tag:yaml.org,2002:str']
const LINE = /vault_address["'`]?\s*[=:]\s*["'`]*([^\s"'`]+)/gi

const inLines = (text: string): string[] => [...text.matchAll(LINE)].map(([, found = '']) => found)

/** JSON is YAML; every other file that SOPS takes is JSON. */
async function inDocument(text: string): Promise<string[]> {
  const { isAlias, isScalar, parseAllDocuments, visit } = await import('yaml')
  const found: string[] = []
  const documents = parseAllDocuments(text, { uniqueKeys: false, prettyErrors: false })
  for (const document of Array.isArray(documents) ? documents : []) {
    // Others might read what this parser does not.
    if (document.errors.length > 0 && /vault|sops/i.test(text)) throw unread()
    visit(document, {
      Pair(_, { key, value }) {
        if (isAlias(key) || (isScalar(key) && !PLAIN.includes(key.tag))) throw unread()
        if (isScalar(key) && key.value === KEY) {
          found.push(isScalar(value) ? String(value.value) : '')
        }
      },
    })
  }
  return found
}

const unread = () =>
  new CofferError('corrupt', 'The file does not tell plainly which Vault it asks for its key.', {
    remedy: 'Encrypt it again with `sops encrypt`, and change it with `sops edit` only.',
  })
