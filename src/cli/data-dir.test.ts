import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { findProject } from '../config/project.ts'
import { DEFAULT_DATA_DIR, findDataDir } from './data-dir.ts'

const dir = mkdtempSync(join(tmpdir(), 'coffer-dir-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))
const project = join(dir, 'project')
mkdirSync(join(project, 'below'), { recursive: true })
mkdirSync(join(dir, 'plain', '.git'), { recursive: true })
writeFileSync(join(project, 'coffer.yaml'), 'dataDir: .store\n')

const find = (cwd: string, option?: string, variable?: string) =>
  findDataDir({ cwd, env: { COFFER_DATA_DIR: variable } }, { 'data-dir': option }, () =>
    findProject(cwd),
  )

test('option, environment, project, default: the first that says something decides', async () => {
  const cwd = join(project, 'below')
  expect(await find(cwd, 'a', 'b')).toEqual({ path: join(cwd, 'a'), from: 'option' })
  expect(await find(cwd, undefined, 'b')).toEqual({ path: join(cwd, 'b'), from: 'environment' })
  expect(await find(cwd)).toEqual({ path: join(project, '.store'), from: 'project' })
  expect(await find(cwd, '', '')).toEqual({ path: join(project, '.store'), from: 'project' })
  expect(await find(join(dir, 'plain'))).toEqual({ path: DEFAULT_DATA_DIR, from: 'default' })
})

test('a project that cannot be read is an error, not a reason to look elsewhere', async () => {
  const broken = join(dir, 'broken')
  mkdirSync(broken)
  writeFileSync(join(broken, 'coffer.yaml'), 'dataDir: [1\n')
  await expect(find(broken)).rejects.toMatchObject({ code: 'invalid_config' })
})
