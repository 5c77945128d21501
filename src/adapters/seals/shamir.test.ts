import { expect, test } from 'vitest'
import { LIMITS } from '../../core/limits.ts'
import type { SealContext } from '../../core/ports/seal.ts'
import { rootFingerprint } from '../../crypto/keyring.ts'
import { refusalOf } from '../../testing/refusal.ts'
import { sealContract } from '../../testing/seal-contract.ts'
import { sealWorld } from '../../testing/seal-world.ts'
import { shamir } from './shamir.ts'
import { formatShare, parseShare } from './shamir/share.ts'

sealContract(
  'shamir',
  shamir,
  () => sealWorld(),
  (world, { shares = [] }) => ({ ...world, env: { COFFER_SHARES: shares.join(' ') } }),
)

const world = (options: Record<string, string> = {}): SealContext => ({ ...sealWorld(), options })

async function made(options: Record<string, string> = {}) {
  const { rootKey, params, shares = [] } = await shamir.establish(world(options))
  return { rootKey, params, shares, hex: Buffer.from(rootKey).toString('hex') }
}

/** Someone who types these one after the other; remembers what was asked. */
function person(...answers: string[]) {
  const questions: string[] = []
  const prompt = async (question: string) => {
    questions.push(question)
    return answers.shift() ?? ''
  }
  return { context: { ...sealWorld(), prompt }, questions }
}

const unsealed = async (
  params: Awaited<ReturnType<typeof made>>['params'],
  shares: readonly string[],
) =>
  Buffer.from(await shamir.unseal(params, sealWorld({ COFFER_SHARES: shares.join(',') }))).toString(
    'hex',
  )

test('any three of five shares give the key, and no two', async () => {
  const { params, shares, hex } = await made()
  expect(shares).toHaveLength(5)
  for (let a = 0; a < 5; a++) {
    for (let b = a + 1; b < 5; b++) {
      for (let c = b + 1; c < 5; c++) {
        const three = [shares[c], shares[a], shares[b]] as string[]
        expect(await unsealed(params, three)).toBe(hex)
      }
      const two = [shares[a], shares[b], shares[a]] as string[]
      expect((await refusalOf(() => unsealed(params, two))).code).toBe('sealed')
    }
  }
})

test('shares and threshold are from keySharesMin to keySharesMax, the threshold among the shares', async () => {
  const { keySharesMin: min, keySharesMax: max } = LIMITS
  const most = await made({ shares: `${max}`, threshold: `${max}` })
  expect(await unsealed(most.params, most.shares)).toBe(most.hex)
  const least = await made({ shares: `${min}`, threshold: `${min}` })
  expect(await unsealed(least.params, least.shares)).toBe(least.hex)
  for (const options of [
    { shares: `${max + 1}` },
    { shares: `${min - 1}`, threshold: `${min - 1}` },
    { threshold: `${min - 1}` },
    { shares: '3', threshold: '4' },
    { shares: '1e1' },
    { shares: '' },
  ]) {
    const error = await refusalOf(() => made(options as Record<string, string>))
    expect(error.code, JSON.stringify(options)).toBe('invalid_argument')
  }
})

test('a share that was mistyped anywhere is refused, and its text is not repeated', async () => {
  const { params, shares } = await made()
  const [share = ''] = shares
  for (let at = 0; at < share.length; at++) {
    const other = share[at] === '7' ? '8' : '7'
    const typo = `${share.slice(0, at)}${other}${share.slice(at + 1)}`
    const error = await refusalOf(async () => shamir.sharing?.check(typo, params))
    expect(error.code).toBe('invalid_argument')
    expect(error.message + error.remedy + JSON.stringify(error.details)).not.toContain(
      typo.slice(-40),
    )
  }
  for (const text of ['', 'x'.repeat(1_000_000), share.slice(1), `${share}0`, 'coffer-share1-']) {
    const error = await refusalOf(async () => shamir.sharing?.check(text, params))
    expect(error.code).toBe('invalid_argument')
  }
})

test('upper case, line breaks and spaces do no harm', async () => {
  const { params, shares } = await made()
  const folded = ` ${shares[1]?.toUpperCase().replace(/(.{20})/g, '$1 \n')}`
  expect(shamir.sharing?.check(folded, params)).toBe(2)
})

test('a share of another store names both root keys; a forged one is refused alone', async () => {
  const [here, there] = [await made(), await made()]
  const foreign = await refusalOf(async () =>
    shamir.sharing?.check(there.shares[0] ?? '', here.params),
  )
  expect(foreign.code).toBe('wrong_key')
  expect(foreign.details).toEqual({
    wanted: rootFingerprint(here.rootKey),
    given: rootFingerprint(there.rootKey),
  })
  const real = parseShare(here.shares[0] ?? '')
  const forged = formatShare({ ...real, data: real.data.map((byte) => byte ^ 1) })
  expect((await refusalOf(async () => shamir.sharing?.check(forged, here.params))).code).toBe(
    'wrong_key',
  )
})

test('people are asked one after the other, and again after a mistake', async () => {
  const { params, shares, hex } = await made()
  const { context, questions } = person(
    shares[4] ?? '',
    'nonsense',
    shares[4] ?? '',
    shares[0] ?? '',
    shares[2] ?? '',
  )
  expect(Buffer.from(await shamir.unseal(params, context)).toString('hex')).toBe(hex)
  expect(questions).toEqual([
    'Share 1 of 3:',
    'Share 2 of 3:',
    'This is no share of a root key. Share 2 of 3:',
    'Share 5 was given already. Share 2 of 3:',
    'Share 3 of 3:',
  ])
  const tired = person('a', 'b', 'c', 'd')
  expect((await refusalOf(() => shamir.unseal(params, tired.context))).code).toBe(
    'invalid_argument',
  )
  expect(tired.questions).toHaveLength(3)
})

test('the header holds no share and no key, and its digests alone open nothing', async () => {
  const { params, shares, hex } = await made()
  const header = JSON.stringify(params)
  expect(header).not.toContain(hex)
  for (const share of shares) {
    const { data } = parseShare(share)
    expect(header).not.toContain(Buffer.from(data).toString('hex'))
  }
  const forged = { ...params, digests: ['', '', '', '', ''] }
  expect((await refusalOf(() => unsealed(forged, [...shares]))).code).toBe('wrong_key')
})
