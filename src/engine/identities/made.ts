import { hash } from 'node:crypto'
import type { Random } from '../../core/ports/ambient.ts'
import { draw } from '../../core/types/random-text.ts'

/**
 * `coffer_`, 43 characters of base62 (256 bits), and 6 that check them: scanners of source code find
 * it by its beginning and tell it from what only looks like it.
 */
export function newToken(random: Random): string {
  const body = draw(BASE62, 43, random)
  return `coffer_${body}${checkOf(body)}`
}

/** 24 characters: names a token or a secret id without being it. */
export const newAccessor = (random: Random): string => draw(BASE62, 24, random)

/** As AWS writes them: `AKIA` and 16 of base32, a secret of 40 characters of base64. */
export const newAccessKeyId = (random: Random): string => `AKIA${draw(BASE32, 16, random)}`
export const newSecretAccessKey = (random: Random): string =>
  Buffer.from(random(30)).toString('base64')

/** A random UUID (RFC 9562, version 4): a role id, a secret id. */
export function newUuid(random: Random): string {
  const bytes = Buffer.from(random(16))
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}

/** What is kept of a bearer token: it has too much entropy to be searched for. */
export const hashOf = (text: string): string => hash('sha256', text)

const DIGITS = '0123456789'
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'
const BASE32 = `${LETTERS}234567`
const BASE62 = `${DIGITS}${LETTERS}${LETTERS.toLowerCase()}`

/** SHA-256 of what is before it: its first 48 bits modulo 62^6, the lowest digit first. */
function checkOf(body: string): string {
  let value = hash('sha256', `coffer_${body}`, 'buffer').readUIntBE(0, 6)
  let text = ''
  for (let i = 0; i < 6; i++) {
    text += BASE62[value % 62]
    value = Math.floor(value / 62)
  }
  return text
}
