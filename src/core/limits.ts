/** Every limit of the platform, in one place. Tests try each at the limit and one past it. */
export const LIMITS = {
  pathBytesMax: 512,
  pathSegmentsMax: 64,
  labelCharsMax: 256,
  labelsPerSecretMax: 20,
  /** The default limit of a value; a store may be configured up to `valueBytesCeiling`. */
  valueBytesMax: 65_536,
  valueBytesCeiling: 1_048_576,
  versionsDefault: 100,
  versionsMax: 1_000,
  /** Vault's custom metadata; AWS's dialect allows less. */
  tagsMax: 64,
  tagKeyCharsMax: 128,
  tagValueCharsMax: 512,
  descriptionCharsMax: 2_048,
  ownerCharsMax: 256,
  classificationCharsMax: 64,
  patternCharsMax: 512,
  /** An idempotency token. AWS's are 32 to 64 characters; ours may be shorter. */
  tokenCharsMin: 1,
  tokenCharsMax: 64,
  pageSizeDefault: 100,
  pageSizeMax: 1_000,
  batchMax: 500,
  /** Versions written in one transaction. */
  writeManyMax: 10_000,
  policyRulesMax: 200,
  policyBytesMax: 65_536,
  policiesPerActorMax: 50,
  actorCharsMax: 256,
  recoveryWindowDaysMin: 0,
  recoveryWindowDaysMax: 90,
  recoveryWindowDaysDefault: 30,
  /** Dialects that may keep a spelling, an id or other things with a secret. */
  dialectsMax: 16,
  spellingCharsMax: 512,
  versionIdCharsMax: 64,
  dialectBytesMax: 65_536,
  /** Documents of the platform's own, such as a dialect's mounts. */
  settingsMax: 1_000,
  settingBytesMax: 16_384,
  /** Credentials. A bearer token as presented; ours have 56 characters. */
  bearerCharsMax: 1_024,
  tokenTtlSecondsDefault: 2_764_800,
  tokenTtlSecondsMax: 315_360_000,
  tokenUsesMax: 1_000_000_000,
  /** Tokens that were made by tokens: a check walks up all of them. */
  tokenDepthMax: 16,
  credentialNameCharsMax: 128,
  jwtCharsMax: 32_768,
  /** What an issuer answers with: its keys, its configuration. */
  jwksBytesMax: 262_144,
  jwksTimeoutMs: 5_000,
  jwtPublicKeysMax: 16,
  jwtBoundClaimsMax: 64,
  jwtBoundValuesMax: 256,
  credentialCidrsMax: 64,
  credentialMetadataMax: 64,
  credentialMetadataKeyCharsMax: 128,
  credentialMetadataValueCharsMax: 512,
  rotateEveryDaysDefault: 90,
  rotateEveryDaysMax: 1_000,
  /** Of the key that wraps the keys of values. */
  keyRotateEveryDaysDefault: 365,
  keyRotateEveryDaysMax: 3_650,
  sweepEveryMs: 24 * 60 * 60 * 1_000,
  /** Credentials that ended are removed this often; they are refused from the moment they end. */
  tidyEveryMs: 60 * 60 * 1_000,
  /** Rotations that a schedule asks for are looked for this often. */
  scheduledRotationsEveryMs: 60 * 1_000,
  scheduledRotationsMax: 16,
  storeBusyTimeoutMs: 10_000,
  auditLockTimeoutMs: 10_000,
  auditSinkTimeoutMs: 5_000,
  auditLineBytesMax: 16_384,
  auditQueueMax: 10_000,
  documentBytesMax: 4_194_304,
  documentDepthMax: 32,
  /** The regular expression of a type, the text that is matched against it, and its states. */
  typePatternCharsMax: 256,
  typePatternValueCharsMax: 16_384,
  typePatternStatesMax: 1_000,
  typePatternGroupsMax: 50,
  typeSchemaCharsMax: 16_384,
  /** References followed, and states of patterns at characters, when one value is checked: half a second. */
  typeSchemaStepsMax: 10_000_000,
  certificateChainMax: 32,
  keyTermsMax: 10_000,
  /** People who each hold a part of a root key. */
  keySharesMin: 2,
  keySharesMax: 32,
  /** Shares that wait longer for the next one are forgotten. */
  unsealAttemptMs: 600_000,
  /** Actors and addresses that a server keeps limits of, for each limit. */
  guardKeysMax: 50_000,
  /** Refused requests are counted for so long, by so many addresses, into one audit event each. */
  refusalsEveryMs: 10_000,
  refusalKeysMax: 200,
  /** A reference as written: provider, key, and the field within the value. */
  referenceCharsMax: 1_024,
  /** Secrets and variables that one configuration or document resolves. */
  configFieldsMax: 10_000,
  configTimeoutMs: 10_000,
  /** A provider over a network: one call, how many at once, and how often one is repeated. */
  providerCallTimeoutMs: 5_000,
  providerCallsMax: 32,
  providerRetriesMax: 2,
  /** What a machine remembers of a provider between two starts of a program. */
  stateFileBytesMax: 65_536,
  rememberedAbsencesMax: 200,
  /** The oldest that an offline cache may answer with: 7 days. */
  offlineMaxAgeMsMax: 604_800_000,
  /** Environments of a manifest; and what one secret, or one section beside them, may list. */
  manifestEnvironmentsMax: 100,
  manifestListMax: 1_000,
  /** What a check looks through of a project: overlays, files of code, and their bytes. */
  checkOverlaysMax: 200,
  checkFilesMax: 20_000,
  checkFileBytesMax: 1_048_576,
  checkBytesMax: 134_217_728,
  /** The HTTP client: one attempt, how often it is repeated, and what an answer may hold. */
  clientTimeoutMs: 30_000,
  clientRetriesMax: 3,
  clientAnswerBytesMax: 134_217_728,
  clientEventBytesMax: 65_536,
  /** A request to the server: its line and headers together, how many headers, and its body. */
  requestHeadBytesMax: 16_384,
  requestHeadersMax: 200,
  requestBodyBytesMax: 8_388_608,
  /** Of a request that needs no credential: a login, a share. */
  openRequestBodyBytesMax: 65_536,
  awsRequestBodyBytesMax: 2_097_152,
  /** Work that an administrator asked for, such as a rotation of keys, may take so long to answer. */
  longRequestTimeoutMs: 3_600_000,
  requestJsonDepthMax: 64,
  /** Members of objects and lists together. */
  requestJsonMembersMax: 200_000,
  /** Streams of events: at once, behind by so many bytes, and standing still for so long. */
  streamsMax: 2_000,
  streamsPerActorMax: 100,
  streamBufferBytesMax: 262_144,
  streamStallTimeoutMs: 30_000,
  /** A client that sends its headers, its whole request, or nothing for longer is dropped. */
  requestHeadTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  connectionIdleTimeoutMs: 120_000,
  tlsHandshakeTimeoutMs: 10_000,
  connectionsMax: 10_000,
  /** Requests that a client sends on one connection before the answer to an earlier one has begun. */
  requestsAheadMax: 32,
  /** What an actor was sent by the native API in large answers and its clients have not read yet. */
  unreadCharsPerActorMax: 67_108_864,
  /** What is under way when a server is stopped may take this long to finish. */
  stopTimeoutMs: 10_000,
  tlsNamesMax: 100,
  tlsFileBytesMax: 262_144,
  /** Calls of a host that secrets are delivered to: one attempt, how often, and all waits together. */
  restTimeoutMs: 15_000,
  restRetriesMax: 3,
  restWaitMsMax: 20_000,
  restAnswerBytesMax: 8_388_608,
  restPagesMax: 100,
  /** What is delivered to one destination, by all projects together. */
  syncEntriesMax: 10_000,
  /** What is listed of a Key Vault that secrets are delivered to; Azure itself has no limit. */
  azureSecretsMax: 100_000,
  /** Who syncs a destination holds it for so long, and longer while there is something to do. */
  syncLeaseMs: 120_000,
  /** Git is asked so long whether it ignores a file. */
  gitTimeoutMs: 2_000,
  /** An entry that came into being so soon after a sync began to make it is taken for that sync's. */
  syncMakingMs: 60_000,
} as const
