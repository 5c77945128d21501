/**
 * What a bundle for browsers gets in place of `coffer` and `coffer/config` (package.json, condition `browser`):
 * references, their names and their schemas stay on the server. The names exist, so that a bundler
 * gets as far as this message.
 */
const MESSAGE =
  'Secrets belong on the server: this bundle for browsers imports coffer, or coffer/config. Import coffer/client there.'

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
export const openCoffer = refuse
export const openPlatform = refuse
export const initPlatform = refuse
export const verifyExport = refuse
export const connectCoffer = refuse
export const CofferError = refuse
export const isCofferError = refuse
export const ERRORS = refuse
export const LIMITS = refuse
export const Secret = refuse

throw new Error(MESSAGE)
