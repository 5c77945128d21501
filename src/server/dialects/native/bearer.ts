import type { FastifyRequest } from 'fastify'

/** The token of `Authorization: Bearer …` (RFC 6750); absent when there is none of that shape. */
export const bearerOf = ({ headers }: FastifyRequest): string | undefined => {
  const { authorization } = headers
  return authorization === undefined ? undefined : BEARER.exec(authorization)?.[1]
}

const BEARER = /^Bearer +([!-~]+)$/i
