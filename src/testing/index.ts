/** For adapters that live elsewhere: the suites that ours pass, and what makes tests repeatable. */
export { faultyStore } from './faulty-store.ts'
export type { Fault, FaultyStore } from './faulty-store.ts'
export { providerContract } from './provider-contract.ts'
export type { ProviderHarness } from './provider-contract.ts'
export { sealContract } from './seal-contract.ts'
export { seededRandom } from './seeded-random.ts'
export { storeContract } from './store-contract.ts'
export type { OpenedStore } from './store-contract.ts'
