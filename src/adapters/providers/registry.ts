import { aws } from './aws.ts'
import { azure } from './azure.ts'
import { coffer } from './coffer.ts'
import { command } from './command.ts'
import type { ProviderFactory } from './context.ts'
import { dotenv } from './dotenv.ts'
import { env } from './env.ts'
import { file } from './file.ts'
import { kubernetes } from './kubernetes.ts'
import { memory } from './memory.ts'
import { sops } from './sops.ts'
import { vault } from './vault.ts'

/** The providers that a reference can name without more ado. */
export const PROVIDERS = {
  aws,
  azure,
  coffer,
  command,
  dotenv,
  env,
  file,
  kubernetes,
  memory,
  sops,
  vault,
} as const satisfies Record<string, ProviderFactory>
