import type { CommandSpec } from './spec.ts'

/** Not a command for people: the process that `run --files` leaves behind. */
export const KEEPER = '__keep-files'
/** Not one either: what each of `serve --workers` runs. */
export const WORKER = '__serve-worker'

type LoadSpec = () => Promise<CommandSpec>

/** Every command, in the order and the sections of `coffer help`. */
export const SECTIONS = {
  'Use secrets': {
    run: async () => (await import('./specs/run.ts')).run,
    get: async () => (await import('./specs/values.ts')).get,
    check: async () => (await import('./specs/check.ts')).check,
  },
  Deliver: {
    sync: async () => (await import('./specs/sync.ts')).sync,
  },
  'Keep secrets': {
    init: async () => (await import('./specs/store.ts')).init,
    set: async () => (await import('./specs/values.ts')).set,
    import: async () => (await import('./specs/files.ts')).importSpec,
    export: async () => (await import('./specs/files.ts')).exportSpec,
    list: async () => (await import('./specs/values.ts')).list,
    show: async () => (await import('./specs/values.ts')).show,
    update: async () => (await import('./specs/values.ts')).update,
    rotate: async () => (await import('./specs/versions.ts')).rotate,
  },
  Versions: {
    history: async () => (await import('./specs/versions.ts')).history,
    rollback: async () => (await import('./specs/versions.ts')).rollback,
    label: async () => (await import('./specs/versions.ts')).label,
    enable: async () => (await import('./specs/versions.ts')).enable,
    disable: async () => (await import('./specs/versions.ts')).disable,
    delete: async () => (await import('./specs/versions.ts')).deleteSpec,
    undelete: async () => (await import('./specs/versions.ts')).undelete,
    destroy: async () => (await import('./specs/versions.ts')).destroy,
  },
  'Access and audit': {
    policy: async () => (await import('./specs/access.ts')).policy,
    role: async () => (await import('./specs/roles.ts')).role,
    actor: async () => (await import('./specs/access.ts')).actor,
    token: async () => (await import('./specs/credentials.ts')).token,
    'access-key': async () => (await import('./specs/credentials.ts')).accessKey,
    jwt: async () => (await import('./specs/jwt.ts')).jwt,
    audit: async () => (await import('./specs/audit.ts')).audit,
  },
  'From the manifest': {
    types: async () => (await import('./specs/manifest.ts')).types,
    docs: async () => (await import('./specs/manifest.ts')).docs,
    terraform: async () => (await import('./specs/generate.ts')).terraform,
    kubernetes: async () => (await import('./specs/generate.ts')).kubernetes,
  },
  'Run the store': {
    key: async () => (await import('./specs/store.ts')).key,
    backup: async () => (await import('./specs/store.ts')).backup,
    restore: async () => (await import('./specs/store.ts')).restore,
    doctor: async () => (await import('./specs/store.ts')).doctor,
    sweep: async () => (await import('./specs/store.ts')).sweep,
  },
  'Run a server': {
    serve: async () => (await import('./specs/serve.ts')).serve,
    ca: async () => (await import('./specs/serve.ts')).ca,
  },
  'Use a server': {
    login: async () => (await import('./specs/login.ts')).login,
    logout: async () => (await import('./specs/login.ts')).logout,
    unseal: async () => (await import('./specs/seal.ts')).unseal,
    seal: async () => (await import('./specs/seal.ts')).seal,
  },
  Help: {
    help: async () => (await import('./specs/self.ts')).help,
    completion: async () => (await import('./specs/self.ts')).completion,
    version: async () => (await import('./specs/self.ts')).version,
  },
} as const satisfies Record<string, Record<string, LoadSpec>>

/** The code of every command, by its full name; loaded when it is used. */
export const HANDLERS = {
  run: () => import('./commands/run.ts'),
  get: () => import('./commands/get.ts'),
  check: () => import('./commands/check.ts'),
  'sync plan': () => import('./commands/sync-plan.ts'),
  'sync apply': () => import('./commands/sync-apply.ts'),
  'sync status': () => import('./commands/sync-status.ts'),
  'sync allow': () => import('./commands/sync-allow.ts'),
  init: () => import('./commands/init.ts'),
  set: () => import('./commands/set.ts'),
  import: () => import('./commands/import.ts'),
  export: () => import('./commands/export.ts'),
  list: () => import('./commands/list.ts'),
  show: () => import('./commands/show.ts'),
  update: () => import('./commands/update.ts'),
  rotate: () => import('./commands/rotate.ts'),
  history: () => import('./commands/history.ts'),
  rollback: () => import('./commands/rollback.ts'),
  label: () => import('./commands/label.ts'),
  enable: () => import('./commands/enable.ts'),
  disable: () => import('./commands/disable.ts'),
  delete: () => import('./commands/delete.ts'),
  undelete: () => import('./commands/undelete.ts'),
  destroy: () => import('./commands/destroy.ts'),
  'policy list': () => import('./commands/policy-list.ts'),
  'policy show': () => import('./commands/policy-show.ts'),
  'policy put': () => import('./commands/policy-put.ts'),
  'policy workloads': () => import('./commands/policy-workloads.ts'),
  'policy delete': () => import('./commands/policy-delete.ts'),
  'policy test': () => import('./commands/policy-test.ts'),
  'policy who': () => import('./commands/policy-who.ts'),
  'role list': () => import('./commands/role-list.ts'),
  'role put': () => import('./commands/role-put.ts'),
  'role create': () => import('./commands/role-create.ts'),
  'role secret-id': () => import('./commands/role-secret-id.ts'),
  'role delete': () => import('./commands/role-delete.ts'),
  'actor list': () => import('./commands/actor-list.ts'),
  'actor grant': () => import('./commands/actor-grant.ts'),
  'actor revoke': () => import('./commands/actor-revoke.ts'),
  'actor delete': () => import('./commands/actor-delete.ts'),
  'token create': () => import('./commands/token-create.ts'),
  'token list': () => import('./commands/token-list.ts'),
  'token lookup': () => import('./commands/token-lookup.ts'),
  'token renew': () => import('./commands/token-renew.ts'),
  'token revoke': () => import('./commands/token-revoke.ts'),
  'access-key create': () => import('./commands/access-key-create.ts'),
  'access-key list': () => import('./commands/access-key-list.ts'),
  'access-key enable': () => import('./commands/access-key-enable.ts'),
  'access-key disable': () => import('./commands/access-key-disable.ts'),
  'access-key delete': () => import('./commands/access-key-delete.ts'),
  'jwt list': () => import('./commands/jwt-list.ts'),
  'jwt put': () => import('./commands/jwt-put.ts'),
  'jwt delete': () => import('./commands/jwt-delete.ts'),
  'jwt role': () => import('./commands/jwt-role.ts'),
  'audit tail': () => import('./commands/audit-tail.ts'),
  'audit query': () => import('./commands/audit-query.ts'),
  'audit verify': () => import('./commands/audit-verify.ts'),
  'audit export': () => import('./commands/audit-export.ts'),
  'audit head': () => import('./commands/audit-head.ts'),
  types: () => import('./commands/types.ts'),
  'docs env': () => import('./commands/docs-env.ts'),
  terraform: () => import('./commands/terraform.ts'),
  kubernetes: () => import('./commands/kubernetes.ts'),
  'key status': () => import('./commands/key-status.ts'),
  'key rotate': () => import('./commands/key-rotate.ts'),
  'key reseal': () => import('./commands/key-reseal.ts'),
  backup: () => import('./commands/backup.ts'),
  restore: () => import('./commands/restore.ts'),
  doctor: () => import('./commands/doctor.ts'),
  sweep: () => import('./commands/sweep.ts'),
  unseal: () => import('./commands/unseal.ts'),
  seal: () => import('./commands/seal.ts'),
  login: () => import('./commands/login.ts'),
  logout: () => import('./commands/logout.ts'),
  serve: () => import('./commands/serve.ts'),
  ca: () => import('./commands/ca.ts'),
  help: () => import('./commands/help.ts'),
  completion: () => import('./commands/completion.ts'),
  version: () => import('./commands/version.ts'),
} as const

export type HandlerName = keyof typeof HANDLERS

const TABLE: ReadonlyMap<string, LoadSpec> = new Map(
  Object.values(SECTIONS).flatMap((section) => Object.entries<LoadSpec>(section)),
)

/** Other names of commands. */
export const ALIASES: ReadonlyMap<string, string> = new Map([
  ['ls', 'list'],
  ['rm', 'delete'],
  ['put', 'set'],
  ['versions', 'history'],
])

export const COMMAND_NAMES: readonly string[] = [...TABLE.keys()]

export const commandNamed = (name: string): LoadSpec | undefined =>
  TABLE.get(ALIASES.get(name) ?? name)

/** The specs of all commands, sections kept: for help, docs and completion. */
export async function allSpecs(): Promise<{ title: string; commands: CommandSpec[] }[]> {
  return Promise.all(
    Object.entries(SECTIONS).map(async ([title, section]) => ({
      title,
      commands: await Promise.all(Object.values<LoadSpec>(section).map((load) => load())),
    })),
  )
}
