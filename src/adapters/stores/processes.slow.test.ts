// The same promises, hours of use in a minute or two.
process.env['COFFER_SLOW_TESTS'] = '1'
await import('./processes.test.ts')
