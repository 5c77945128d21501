import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { CofferError } from '../../core/errors.ts'
import type { ProviderAnswer, ProviderRef } from '../../core/ports/provider.ts'
import type { OpenedService } from './opened.ts'

/** A folder of a test's own, for what a provider keeps on the machine. */
export async function testDir(): Promise<AsyncDisposable & { readonly dir: string }> {
  const dir = await mkdtemp(path.join(tmpdir(), 'coffer-provider-'))
  return { dir, [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }) }
}

/** What a service answers for one reference: its value, or the error, also where it is thrown. */
export async function askService(
  service: Pick<OpenedService, 'call'>,
  ref: string | (Partial<ProviderRef> & { readonly key: string }),
  signal: AbortSignal = new AbortController().signal,
): Promise<unknown> {
  const asked = typeof ref === 'string' ? { key: ref } : ref
  try {
    const [answer] = await service.call([{ provider: 'tested', ...asked }], signal)
    return told(answer)
  } catch (error) {
    if (error instanceof CofferError) return error
    throw error
  }
}

export const told = (answer: ProviderAnswer | undefined): unknown => {
  if (answer === undefined) return 'no answer'
  return 'error' in answer ? answer.error : answer.value?.secret.reveal()
}
