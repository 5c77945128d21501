import { killSuite } from './kill-suite.ts'

killSuite(60_000)
