/**
 * What a bundle for browsers gets in place of `coffer/config` (package.json, condition `browser`):
 * references, their names and their schemas stay on the server. The names exist, so that a bundler
 * gets as far as this message.
 */
const MESSAGE =
  'Secrets belong on the server: this bundle for browsers imports coffer/config. Import coffer/client there.'

function refuse(): never {
  throw new Error(MESSAGE)
}

export const defineConfig = refuse
export const loadDocument = refuse
export const loadOverlays = refuse
export const readManifest = refuse
export const env = refuse
export const secret = refuse
export const secretRef = refuse
export const memoryProvider = refuse
export const ConfigError = refuse

throw new Error(MESSAGE)
