import { LIMITS } from '../core/limits.ts'
import { generateKeyPairSync, X509Certificate } from 'node:crypto'
import type { SecretValue } from '../core/value.ts'
import type { TypeName, TypeSpec } from '../core/types/spec.ts'

/** A self-signed certificate; its key was never kept. */
const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBLjCB4aADAgECAhRqixa/n3GHTlNZey3TOSG2lLao7zAFBgMrZXAwDDEKMAgG
A1UEAwwBdDAgFw0yNjExMjIwNjUwNTVaGA8yMTI2MTAyOTA2NTA1NVowDDEKMAgG
A1UEAwwBdDAqMAUGAytlcAMhAPAeyydHmLXxqVWNtdkzdJaCr0JsdZgh2AeuI0Ii
ZSpZo1MwUTAdBgNVHQ4EFgQU4lql/x4v168ydC9t4wXozfm2bxcwHwYDVR0jBBgw
FoAU4lql/x4v168ydC9t4wXozfm2bxcwDwYDVR0TAQH/BAUwAwEB/zAFBgMrZXAD
QQAP0Drn4rnwYT8Kd/Zo531GH3m4RLC/8KyfoY/xCseM6rxsUC1VWLrhPJyeHjio
QxL7JPOLXiTRqwIYfmxWKJ4M
-----END CERTIFICATE-----
`

type Constraints = Omit<TypeSpec, 'name'>
type Sample = [value: SecretValue, constraints?: Constraints]

const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 })
const pkcs8 = pair.privateKey.export({ type: 'pkcs8', format: 'pem' })
const sec1 = pair.privateKey.export({ type: 'sec1', format: 'pem' })
const pkcs1 = rsa.privateKey.export({ type: 'pkcs1', format: 'pem' })
const encrypted = pair.privateKey.export({
  type: 'pkcs8',
  format: 'pem',
  cipher: 'aes-256-cbc',
  passphrase: 'x',
})

const legacy = rsa.privateKey.export({
  type: 'pkcs1',
  format: 'pem',
  cipher: 'aes-256-cbc',
  passphrase: 'x',
})

const publicKey = pair.publicKey.export({ type: 'spki', format: 'pem' })
const framed = (label: string, body: string | Buffer): string =>
  `-----BEGIN ${label}-----\n${Buffer.from(body).toString('base64')}\n-----END ${label}-----\n`
const key = (bytes: number, notation: BufferEncoding): string =>
  Buffer.alloc(bytes, 0xa7).toString(notation)

/** Values that each type accepts, with the constraints they are checked under. */
export const GOOD: Record<TypeName, Sample[]> = {
  string: [
    [''],
    ['any\ntext é😀'],
    ['ab', { min: 2, max: 2 }],
    ['😀😀', { max: 2 }],
    ['v1-ab', { pattern: 'v\\d-[a-z]+' }],
  ],
  password: [['x'], ['with space and é'], ['12345678', { min: 8 }]],
  apiKey: [['sk_live_51H'], ['a', { max: 1 }]],
  token: [['eyJhbGciOi.J9.x-_='], ['ghp_x', { pattern: 'ghp_.*' }]],
  json: [['{}'], ['[1,2]'], ['"a"'], ['null'], [{ a: { b: [1] } }], ['{"__proto__":1}']],
  number: [['0'], ['-0.5'], ['1e3'], ['42', { min: 42, max: 42 }], ['-7', { min: -7.5 }]],
  boolean: [['true'], ['false']],
  url: [
    ['https://x.example/a?b#c'],
    ['redis://:p%40ss@h:6379/0'],
    ['https://x', { pattern: 'https://.*' }],
  ],
  connectionString: [
    ['postgres://u:p@h:5432/db?sslmode=require'],
    ['mongodb://u:p@h1:27017,h2:27018,h3/db?replicaSet=rs'],
    ['mongodb+srv://u:p@cluster.example.net/db'],
    ['postgresql:///db?host=/var/run'],
    ['postgres://u:p@ss@h/db'],
    ['mysql://u@[::1]:3306/x'],
    ['sqlite:///var/x.db'],
    ['jdbc:sqlserver://h:1433;databaseName=x;user=u'],
    ['Server=tcp:h,1433;Database=d;User Id=u;Password="a;b""c";'],
    ["Data Source=h;Password='it''s'"],
    ['Endpoint=sb://x.example/;SharedAccessKeyName=n;SharedAccessKey=abc=='],
    ["host=localhost port=5432 password='a \\' b'"],
  ],
  certificate: [
    [CERTIFICATE],
    [CERTIFICATE.replaceAll('\n', '\r\n')],
    [`subject=CN = t\n${CERTIFICATE}${CERTIFICATE}`],
    [Buffer.from(CERTIFICATE)],
    [new X509Certificate(CERTIFICATE).raw],
    [CERTIFICATE.repeat(LIMITS.certificateChainMax)],
  ],
  privateKey: [
    [pkcs8],
    [sec1],
    [pkcs1],
    [encrypted],
    [legacy],
    [Buffer.from(pkcs8)],
    [`${framed('EC PARAMETERS', 'x')}${sec1}`],
    [framed('OPENSSH PRIVATE KEY', 'openssh-key-v1\0rest')],
    [pair.privateKey.export({ type: 'pkcs8', format: 'der' })],
    [pair.privateKey.export({ type: 'sec1', format: 'der' })],
  ],
  encryptionKey: [
    ...[16, 24, 32, 64].map((bytes): Sample => [key(bytes, 'base64')]),
    [key(32, 'hex')],
    [key(32, 'hex').toUpperCase()],
    [key(32, 'base64url')],
    [Buffer.alloc(32)],
    [key(48, 'base64'), { lengthBytes: 48 }],
    [key(32, 'base64'), { min: 32, max: 32 }],
  ],
  binary: [[Buffer.alloc(0)], ['text too'], [Buffer.alloc(9), { min: 9, max: 9 }]],
}

/** Values that each type refuses. */
export const BAD: Record<TypeName, Sample[]> = {
  string: [
    [Buffer.from('a')],
    [{ a: 1 }],
    ['abc', { max: 2 }],
    ['a', { min: 2 }],
    ['xv1', { pattern: 'v1' }],
    ['v1\n', { pattern: 'v1' }],
  ],
  password: [[''], ['line\n'], ['tab\t'], ['nul\0'], ['1234567', { min: 8 }]],
  apiKey: [[''], ['with space'], ['end\n'], ['é']],
  token: [[''], ['Bearer x'], ['gho_x', { pattern: 'ghp_.*' }]],
  json: [
    [''],
    ['{a:1}'],
    ['{"a":1,}'],
    ['NaN'],
    [Buffer.from('{}')],
    ['['.repeat(33) + ']'.repeat(33)],
  ],
  number: [
    [''],
    [' 1'],
    ['1\n'],
    ['01'],
    ['.5'],
    ['1.'],
    ['0x10'],
    ['1_0'],
    ['NaN'],
    ['Infinity'],
    ['1e999'],
    ['41', { min: 42 }],
    ['43', { max: 42 }],
  ],
  boolean: [['TRUE'], ['1'], ['yes'], ['true '], ['']],
  url: [
    ['/a'],
    ['x.example'],
    ['localhost:3000'],
    ['https://'],
    [' https://x'],
    ['https://x\n'],
    ['https://a b'],
    ['https://h:99999'],
    ['http://x', { pattern: 'https://.*' }],
  ],
  connectionString: [
    [''],
    ['localhost'],
    ['postgres://'],
    ['postgres://u:p@h:port/db'],
    ['postgres://h:0/db'],
    ['postgres://h:65536/db'],
    ['mongodb://h1,,h2/db'],
    ['postgres://u:p/w@h/db'],
    ['=x'],
    ['a;b'],
    ['Server=h;Password="open'],
    ["host='h' port"],
    ['postgres://h/d\nb'],
  ],
  certificate: [
    [''],
    ['x'],
    [Buffer.from([0x30, 0x03, 1, 2, 3])],
    [framed('CERTIFICATE', 'nonsense')],
    [publicKey],
    [pkcs8],
    [`${CERTIFICATE}${pkcs8}`],
    [CERTIFICATE + CERTIFICATE.slice(0, 200)],
    [CERTIFICATE.slice(0, -10)],
    [CERTIFICATE.repeat(LIMITS.certificateChainMax + 1)],
    [{ a: CERTIFICATE }],
  ],
  privateKey: [
    [''],
    ['x'],
    [Buffer.alloc(40)],
    [publicKey],
    [CERTIFICATE],
    [pkcs8 + pkcs8],
    [`${pkcs8}${CERTIFICATE}`],
    [framed('PRIVATE KEY', 'nonsense')],
    [framed('OPENSSH PRIVATE KEY', 'nonsense')],
    [framed('EC PARAMETERS', 'x')],
    [pkcs8.slice(0, -9)],
    [framed('ENCRYPTED PRIVATE KEY', 'x').replace('\n', '\n!')],
  ],
  encryptionKey: [
    [''],
    ['A'.repeat(33)],
    [`${key(32, 'base64')}=`],
    ['not base64!'],
    [key(20, 'base64')],
    [key(31, 'hex')],
    [Buffer.alloc(31)],
    [`${key(32, 'base64')}\n`],
    [key(32, 'base64').slice(0, -2)],
    [key(32, 'base64'), { lengthBytes: 48 }],
    [key(16, 'hex'), { min: 32 }],
    ['a+_b'.repeat(8)],
    [{ k: 1 }],
  ],
  binary: [
    [Buffer.alloc(8), { min: 9 }],
    [Buffer.alloc(10), { max: 9 }],
  ],
}
