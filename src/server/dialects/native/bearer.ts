/** The token of `Authorization: Bearer …` (RFC 6750); absent when there is none of that shape. */
export const bearerOf = (authorization: string | undefined): string | undefined =>
  authorization === undefined ? undefined : BEARER.exec(authorization)?.[1]

const BEARER = /^Bearer +([!-~]+)$/i
