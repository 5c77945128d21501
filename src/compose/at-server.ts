export { askGuarded } from '../adapters/providers/coffer/service.ts'
