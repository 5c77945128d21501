import type { Dialect } from '../dialect.ts'
import type { DialectName } from '../server.ts'
import { aws } from './aws/dialect.ts'
import { native } from './native/dialect.ts'
import { vault } from './vault/dialect.ts'

/** The protocols that a server speaks; each can be switched off. */
export const DIALECTS: Readonly<Record<DialectName, Dialect>> = { aws, native, vault }
