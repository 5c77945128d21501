import type { DestinationFactory } from './context.ts'

/** Where secrets can be delivered, by the kind that a manifest names. Each is loaded when it is used. */
export const DESTINATIONS = {
  aws: async () => (await import('./aws.ts')).aws,
  azure: async () => (await import('./azure.ts')).azure,
  dotenv: async () => (await import('./dotenv.ts')).dotenv,
  github: async () => (await import('./github.ts')).github,
  json: async () => (await import('./json.ts')).json,
  kubernetes: async () => (await import('./kubernetes.ts')).kubernetes,
  vercel: async () => (await import('./vercel.ts')).vercel,
} as const satisfies Record<string, () => Promise<DestinationFactory>>
