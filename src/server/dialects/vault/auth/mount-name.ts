import type { VaultContext } from '../route.ts'

/** The mount as identities know it: `approle`, `ci/gitlab`. */
export const mountName = ({ mount }: VaultContext): string => mount.path.slice('auth/'.length, -1)
