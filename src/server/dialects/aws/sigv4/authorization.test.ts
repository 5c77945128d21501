import { expect, test } from 'vitest'
import { parseAuthorization } from './authorization.ts'
import { createReading } from './reading.ts'

const CREDENTIAL = 'Credential=AKIAEXAMPLE/20260131/eu-central-1/secretsmanager/aws4_request'
const NAMES = 'SignedHeaders=host;x-amz-date'
const SIGNATURE = `Signature=${'0a'.repeat(32)}`

test('a header says the same in the usual form and in any other that is allowed', () => {
  const said = {
    accessKeyId: 'AKIAEXAMPLE',
    date: '20260131',
    region: 'eu-central-1',
    service: 'secretsmanager',
    signedHeaders: { names: ['host', 'x-amz-date'], text: 'host;x-amz-date' },
    signature: '0a'.repeat(32),
  }
  for (const parts of [
    `${CREDENTIAL}, ${NAMES}, ${SIGNATURE}`,
    `${CREDENTIAL},${NAMES},${SIGNATURE}`,
    `${SIGNATURE}, ${NAMES}, ${CREDENTIAL}`,
    ` ${CREDENTIAL} ,  ${NAMES.replace('host', 'Host')} , ${SIGNATURE} `,
  ]) {
    expect(parseAuthorization(`AWS4-HMAC-SHA256 ${parts}`)).toEqual(said)
  }
})

test('what is nearly the usual form is refused as any other', () => {
  for (const [parts, why] of [
    [`${CREDENTIAL}, ${NAMES}`, "requires 'Signature'"],
    [`${CREDENTIAL}, ${NAMES}, ${SIGNATURE}, ${SIGNATURE}`, "'Signature' twice"],
    [`${CREDENTIAL}/more, ${NAMES}, ${SIGNATURE}`, 'exactly 5'],
    [`${CREDENTIAL.replace('aws4_request', 'aws5')}, ${NAMES}, ${SIGNATURE}`, 'valid terminator'],
    [`${CREDENTIAL.replace('eu-central-1', 'EU')}, ${NAMES}, ${SIGNATURE}`, 'valid region'],
  ] as const) {
    expect(() => parseAuthorization(`AWS4-HMAC-SHA256 ${parts}`)).toThrow(why)
  }
})

test('what one request said is not taken for what the next one says', () => {
  const { scopeOf } = createReading()
  const header = (credential: string, names: string, signature: string) =>
    `AWS4-HMAC-SHA256 ${credential}, ${names}, Signature=${signature}`
  const other = CREDENTIAL.replace('AKIAEXAMPLE', 'AKIAOTHER')
  for (const [credential, names, signature] of [
    [CREDENTIAL, NAMES, 'aa'.repeat(32)],
    [CREDENTIAL, NAMES, 'bb'.repeat(32)],
    [other, NAMES, 'bb'.repeat(32)],
    [CREDENTIAL, `${NAMES};x-amz-target`, 'cc'.repeat(32)],
    [CREDENTIAL, NAMES, 'AA'.repeat(32)],
  ] as const) {
    const text = header(credential, names, signature)
    expect(parseAuthorization(text, scopeOf)).toEqual(parseAuthorization(text))
    expect(parseAuthorization(text, scopeOf)).toMatchObject({
      accessKeyId: credential === other ? 'AKIAOTHER' : 'AKIAEXAMPLE',
      signature,
    })
  }
})
