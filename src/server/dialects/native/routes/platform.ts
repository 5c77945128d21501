import { Nothing } from '../../../../client/wire/common.ts'
import * as wire from '../../../../client/wire/platform.ts'
import { canonicalPath } from '../../../../core/path.ts'
import { absence } from '../problems.ts'
import { PATH_ERRORS, STORE_ERRORS } from '../refusals.ts'
import { operatorOf, route } from '../route.ts'
import { sendBackup } from '../backup.ts'

const KEYS = 'store:keys'
const STORE = 'store:data'

/** What an operator does to the platform itself. Needs `admin` on what is touched. */
export const platformRoutes = [
  route({
    method: 'GET',
    url: '/settings',
    operation: 'manage',
    operationId: 'listSettings',
    summary: 'Documents of the platform’s own, by name.',
    query: wire.SettingsQuery,
    answer: { json: wire.Settings },
    errors: [],
    async handle(call) {
      const platform = call.server.gate.platform()
      await platform.permit(operatorOf(call), 'admin', 'setting:*', 'list')
      return { items: await call.coffer.settings.list(call.query.prefix ?? '') }
    },
  }),
  route({
    method: 'GET',
    url: '/settings/*',
    operation: 'manage',
    operationId: 'getSetting',
    summary: 'One document of the platform’s own.',
    answer: { json: wire.Setting },
    errors: PATH_ERRORS,
    async handle(call) {
      const platform = call.server.gate.platform()
      const body = await call.coffer.settings.get(call.path)
      const resource = `setting:${canonicalPath(call.path)}`
      await platform.permit(operatorOf(call), 'admin', resource, 'describe')
      if (body === undefined) throw absence('setting')
      return body
    },
  }),
  route({
    method: 'PUT',
    url: '/settings/*',
    operation: 'manage',
    operationId: 'putSetting',
    summary: 'Make or replace a document of the platform’s own.',
    body: wire.Setting,
    example: { anything: true },
    answer: 'nothing',
    errors: [...STORE_ERRORS, ...PATH_ERRORS, 'invalid_value'],
    handle: ({ coffer, path, body }) => coffer.settings.put(path, body),
  }),
  route({
    method: 'DELETE',
    url: '/settings/*',
    operation: 'manage',
    operationId: 'deleteSetting',
    summary: 'Remove a document of the platform’s own.',
    answer: 'nothing',
    errors: [...STORE_ERRORS, ...PATH_ERRORS],
    handle: ({ coffer, path }) => coffer.settings.put(path, undefined),
  }),
  route({
    method: 'GET',
    url: '/keys',
    operation: 'manage',
    operationId: 'keyStatus',
    summary: 'Terms, root keys and what is wrapped by which.',
    answer: { json: wire.KeyStatus },
    errors: [],
    async handle(call) {
      const platform = call.server.gate.platform()
      await platform.permit(operatorOf(call), 'admin', KEYS, 'describe')
      return platform.keys.status()
    },
  }),
  route({
    method: 'POST',
    url: '/keys/rotate',
    operation: 'manage',
    operationId: 'rotateKeys',
    long: true,
    summary: 'A new term, and every DEK under it. Answers when it is done; resumes what broke off.',
    body: Nothing,
    answer: { json: wire.KeyRotationReport },
    errors: [...STORE_ERRORS, 'term_in_use'],
    handle: (call) => call.server.gate.platform().keys.rotate(operatorOf(call)),
  }),
  route({
    method: 'POST',
    url: '/doctor',
    operation: 'manage',
    operationId: 'doctor',
    long: true,
    summary: 'Look at everything and report all findings.',
    body: Nothing,
    answer: { json: wire.DoctorReport },
    errors: [],
    async handle(call) {
      const platform = call.server.gate.platform()
      await platform.permit(operatorOf(call), 'admin', STORE, 'describe')
      return platform.doctor(operatorOf(call))
    },
  }),
  route({
    method: 'POST',
    url: '/sweep',
    operation: 'manage',
    operationId: 'sweep',
    long: true,
    summary: 'One pass of the background work. The report names what the caller may list.',
    body: Nothing,
    answer: { json: wire.SweepReport },
    errors: STORE_ERRORS,
    async handle(call) {
      const platform = call.server.gate.platform()
      await platform.permit(operatorOf(call), 'admin', STORE, 'sweep')
      return platform.sweep(operatorOf(call))
    },
  }),
  route({
    method: 'POST',
    url: '/backup',
    operation: 'manage',
    operationId: 'backup',
    long: true,
    summary:
      'A consistent copy of the store, encrypted as an age file, once all of it was opened. Needs `backup`.',
    body: wire.BackupBody,
    example: { passphrase: 'words that only you know' },
    answer: { type: 'application/octet-stream', says: 'An age file.' },
    errors: ['backup_key', 'store_full', 'corrupt'],
    handle: sendBackup,
  }),
]
