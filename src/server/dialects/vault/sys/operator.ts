import type { Operator } from '../../../../core/ports/platform.ts'
import type { VaultContext } from '../route.ts'

/** Who asks, for what the platform does and no Coffer. */
export const operatorOf = async ({ caller }: VaultContext): Promise<Operator> => (await caller()).by
