import type * as compose from '../compose.ts'

/** What the command line needs of src/compose.ts; tests hand in another. */
export type Composition = Pick<
  typeof compose,
  | 'initPlatform'
  | 'openPlatform'
  | 'acceptRestored'
  | 'inspectBackup'
  | 'restorePlatform'
  | 'localActor'
>
