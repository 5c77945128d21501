import { faultSuite } from './fault-suite.ts'

faultSuite(7, 60_000)
