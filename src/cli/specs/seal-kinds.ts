/** The seals of the registry, for help and completion, which load none of them. */
export const SEAL_KINDS = ['environment', 'key-file', 'passphrase', 'shamir'] as const
