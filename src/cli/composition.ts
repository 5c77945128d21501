/** What the command line needs of src/compose.ts; tests hand in another. */
export type Composition = Pick<
  typeof import('../compose.ts'),
  | 'initPlatform'
  | 'openPlatform'
  | 'acceptRestored'
  | 'inspectBackup'
  | 'restorePlatform'
  | 'localActor'
>
