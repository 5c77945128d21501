// The program from source, for tests that need real processes.
import { main } from './main.ts'

await main()
