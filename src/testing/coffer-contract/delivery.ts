import { expect, it } from 'vitest'
import { LIMITS } from '../../core/limits.ts'
import type { Rule } from '../../core/policy/policy.ts'
import type { ReadRef } from '../../core/ports/coffer.ts'
import { refusalOf } from '../refusal.ts'
import type { Stage } from './world.ts'
import { actorWith, expectRefusal, revealed } from './world.ts'

const HERE = 'vercel:prj_1/production'
const THERE = 'vercel:prj_2/production'

const sends = (path: string, ...destinations: string[]): Rule => ({
  effect: 'allow',
  actions: ['deliver'],
  paths: [path],
  conditions: { destinations },
})

/** Values leave for where somebody said that they may, and the log says where to. */
export function deliveryContract(stage: () => Stage): void {
  it('hands a value out where a rule names the destination, and nowhere else', async () => {
    const { coffer, fresh } = stage()
    const path = `${fresh()}/key`
    await coffer.write(path, { value: 'v1' })
    await coffer.write(path, { value: 'v2' })
    const actor = await actorWith(stage(), 'sender', [sends(path, 'vercel:prj_1/*')])
    expect(revealed(await actor.read({ path, deliverTo: HERE }))).toBe('v2')
    expect(revealed(await actor.read({ path, version: 1, deliverTo: HERE }))).toBe('v1')
    const [sent, refused, read, absent] = await actor.readMany([
      { path, deliverTo: HERE },
      { path, deliverTo: THERE },
      { path },
      { path: `${path}/none`, deliverTo: HERE },
    ])
    expect(sent).toMatchObject({ value: { path, version: 2 } })
    for (const answer of [refused, read, absent]) {
      expect(answer).toMatchObject({ error: { code: 'denied' } })
    }
    await expectRefusal('denied', () => coffer.read({ path, deliverTo: HERE }))
  })

  it('leaves the destination in the log, of what was denied too', async () => {
    const { coffer, fresh } = stage()
    const path = `${fresh()}/key`
    await coffer.write(path, { value: 'x' })
    const actor = await actorWith(stage(), 'logged', [sends(`${path}/**`, HERE)])
    await actor.readMany([
      { path, deliverTo: HERE },
      { path, deliverTo: THERE },
      { path: `${path}/absent`, deliverTo: HERE },
      { path, deliverTo: HERE, elsewhere: `aws:/${path}#user` },
    ])
    const facts = { actor: actor.actor, action: 'deliver' }
    const trail = await coffer.audit.query({ actor: actor.actor })
    expect(trail).toMatchObject([
      { ...facts, outcome: 'allowed', resource: path, version: 1, destination: HERE },
      { ...facts, outcome: 'denied', resource: path, destination: THERE, code: 'denied' },
      { ...facts, outcome: 'failed', destination: HERE, code: 'not_found' },
      { ...facts, outcome: 'allowed', destination: HERE, reason: `from aws:/${path}#user` },
    ])
    const there = await coffer.audit.query({ actor: actor.actor, destination: 'vercel:*2/**' })
    expect(there.map(({ outcome }) => outcome)).toEqual(['denied'])
  })

  it('decides about what another provider holds, under its own name too', async () => {
    const { coffer, fresh } = stage()
    const path = `${fresh()}/key`
    await coffer.write(path, { value: 'not this' })
    const actor = await actorWith(stage(), 'courier', [sends(path, HERE), sends('env:GOOD', HERE)])
    const codeOf = async (more: Partial<ReadRef>): Promise<string | undefined> => {
      const [answer] = await actor.readMany([{ path, deliverTo: HERE, ...more }])
      if (answer === undefined) throw new Error('No answer.')
      if ('error' in answer) return (answer.error as { code: string }).code
      expect(answer.value).toBeUndefined()
      return undefined
    }
    expect(await codeOf({ elsewhere: `aws:/${path}` })).toBeUndefined()
    expect(await codeOf({ elsewhere: 'env:GOOD' })).toBeUndefined()
    expect(await codeOf({ elsewhere: 'env:BAD' })).toBe('denied')
    expect(await codeOf({ elsewhere: `aws:/${path}2` })).toBe('denied')
    expect(await codeOf({ elsewhere: `aws:/${path}`, deliverTo: THERE })).toBe('denied')
    expect(await codeOf({ elsewhere: 'env:GOOD', path: `${path}/other` })).toBe('denied')
    expect(await codeOf({ elsewhere: 'nothing' })).toBe('invalid_reference')
    const long = `aws:/${path}#`
    const fill = LIMITS.referenceCharsMax - long.length
    expect(await codeOf({ elsewhere: long + 'x'.repeat(fill) })).toBeUndefined()
    expect(await codeOf({ elsewhere: long + 'x'.repeat(fill + 1) })).toBe('invalid_reference')
    expect(await codeOf({ elsewhere: 'env:GOOD', deliverTo: undefined })).toBe('invalid_argument')
  })

  it('refuses what is no destination', async () => {
    const { coffer, fresh } = stage()
    const path = fresh()
    for (const deliverTo of ['', 'vercel', 'policy:ci', 'vercel:a/../b', 'x'.repeat(600)]) {
      const refused = await refusalOf(() => coffer.read({ path, deliverTo }))
      expect(refused.code).toBe('invalid_argument')
    }
  })

  it('says beforehand what would be decided, for one and for everybody', async () => {
    const { coffer, fresh } = stage()
    const path = fresh()
    const { actor } = await actorWith(stage(), 'asked', [sends(path, HERE)])
    const ask = { actor, action: 'deliver', path }
    expect((await coffer.access.test({ ...ask, destination: HERE })).allowed).toBe(true)
    const refused = await coffer.access.test({ ...ask, destination: THERE })
    expect(refused.allowed).toBe(false)
    expect(refused.reasons.join('\n')).toContain('conditions on destination do not hold')
    const who = await coffer.access.who('deliver', path, HERE)
    expect(who.filter(({ answer }) => answer.allowed).map((one) => one.actor)).toEqual([actor])
    await expectRefusal('invalid_argument', () => coffer.access.test(ask))
    await expectRefusal('invalid_argument', () =>
      coffer.access.test({ ...ask, action: 'read', destination: HERE }),
    )
  })
}
