import { killSuite } from './kill-suite.ts'

killSuite(1_000)
