import type { VaultRoute } from '../route.ts'
import { readConfig, writeConfig } from './config.ts'
import {
  ofCurrent,
  ofCurrentVersion,
  ofEveryVersion,
  ofVersionRead,
  ofVersionsNamed,
} from './labels-meant.ts'
import { listFolder } from './list.ts'
import { deleteMetadata, isThere, patchMetadata, readMetadata, writeMetadata } from './metadata.ts'
import { readData, readSubkeys } from './read.ts'
import { deleteCurrent, deleteVersions, destroyVersions, undeleteVersions } from './versions.ts'
import { patchData, writeData } from './write.ts'

/** KV, version 2: secrets with versions. */
export const KV2_ROUTES: readonly VaultRoute[] = [
  {
    path: 'data/*path',
    decidedInside: true,
    alsoGuarded: { patch: ofCurrent, delete: ofCurrentVersion },
    on: { read: readData, update: writeData, patch: patchData, delete: deleteCurrent },
  },
  {
    path: 'metadata/*path',
    decidedInside: true,
    alsoGuarded: { list: ofCurrent, update: ofCurrent, patch: ofCurrent, delete: ofEveryVersion },
    exists: isThere,
    on: {
      read: readMetadata,
      list: listFolder,
      update: writeMetadata,
      patch: patchMetadata,
      delete: deleteMetadata,
    },
  },
  {
    path: 'delete/*path',
    decidedInside: true,
    alsoGuarded: { update: ofVersionsNamed },
    on: { update: deleteVersions },
  },
  {
    path: 'undelete/*path',
    decidedInside: true,
    alsoGuarded: { update: ofVersionsNamed },
    on: { update: undeleteVersions },
  },
  {
    path: 'destroy/*path',
    decidedInside: true,
    alsoGuarded: { update: ofVersionsNamed },
    on: { update: destroyVersions },
  },
  {
    path: 'subkeys/*path',
    decidedInside: true,
    alsoGuarded: { read: ofVersionRead },
    on: { read: readSubkeys },
  },
  { path: 'config', counts: 'manage', on: { read: readConfig, update: writeConfig } },
]
