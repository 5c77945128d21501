import { CofferError } from '../../../core/errors.ts'
import { LIMITS } from '../../../core/limits.ts'
import type {
  ApplyAnswer,
  DeliveryContext,
  Destination,
  DestinationChange,
  DestinationEntry,
  DestinationLimits,
} from '../../../core/ports/destination.ts'
import { decodeText } from '../../../core/secret.ts'
import type { DestinationContext } from '../context.ts'
import { judge } from '../judge.ts'
import { textValue } from '../text-value.ts'
import { checkFolder, filePlace } from './place.ts'
import { readText, rewrite } from './rewrite.ts'
import { warnedOfGit } from './tracked.ts'

/** One value in a file. */
export interface FileEntry {
  readonly name: string
  readonly text: string
  /** Whose mark it has. */
  readonly owner?: string | undefined
}

/** A kind of file that is understood well enough to change a part and leave the rest. */
export interface FileFormat {
  readonly name: DestinationLimits['name']
  /** @throws CofferError `invalid_value` for text that the format cannot hold */
  accepts?(name: string, text: string): void
  /** Absent text: there is no file. @throws CofferError `corrupt` */
  read(text: string | undefined): EditedFile
}

export interface EditedFile {
  readonly entries: ReadonlyMap<string, FileEntry>
  /** @throws CofferError `invalid_value` for text that the format cannot hold, `corrupt`; nothing was changed */
  put(name: string, text: string, owner: string): void
  remove(name: string): void
  /** @throws CofferError `corrupt` when it would not be read as it was meant */
  text(): string | undefined
}

/**
 * A file with values of many owners, ours marked as ours in it: every change of an `apply` is made
 * in one rename, or none.
 */
export function fileDestination(
  kind: string,
  format: FileFormat,
  context: DestinationContext,
): Destination {
  const place = filePlace(kind, context)
  return {
    kind,
    id: `${kind}:${place.shown}`,
    readable: true,
    marks: true,
    local: true,
    limits: {
      name: format.name,
      valueBytesMax: LIMITS.valueBytesCeiling,
      totalBytesMax: LIMITS.documentBytesMax,
      entriesMax: LIMITS.configFieldsMax,
      textOnly: true,
    },
    batchMax: LIMITS.batchMax,
    accepts: (name, value) => format.accepts?.(name, textOf(name, value)),
    async list(delivery) {
      stopped(delivery)
      checkFolder(place)
      const { entries } = format.read(await readText(place))
      return [...entries.values()].map((entry) => tell(entry, delivery))
    },
    warnings: () => warnedOfGit(place, context.env),
    async apply(delivery, changes) {
      if (changes.length === 0) return []
      let answers: ApplyAnswer[] = []
      try {
        stopped(delivery)
        checkFolder(place)
        await rewrite(place, (text) => {
          const edited = format.read(text)
          answers = changes.map((change) => attempt(edited, change, delivery))
          return edited.text()
        })
        return answers
      } catch (error) {
        return changes.map(() => ({ done: false, error }))
      }
    },
  }
}

function attempt(
  edited: EditedFile,
  change: DestinationChange,
  delivery: DeliveryContext,
): ApplyAnswer {
  try {
    const there = edited.entries.get(change.name)
    const judged = judge(change, there && tell(there, delivery))
    if (judged !== undefined) return judged
    if (change.kind === 'remove') edited.remove(change.name)
    else edited.put(change.name, textValue(change), delivery.owner)
    return { done: true }
  } catch (error) {
    return { done: false, error }
  }
}

const tell = ({ name, text, owner }: FileEntry, delivery: DeliveryContext): DestinationEntry => {
  const bytes = Buffer.from(text)
  return { name, owner, fingerprint: delivery.fingerprint(bytes), bytes: bytes.length }
}

function textOf(name: string, bytes: Uint8Array): string {
  try {
    return decodeText(bytes)
  } catch {
    throw new CofferError('invalid_value', `The value of ${name} is no text.`)
  }
}

function stopped({ signal }: DeliveryContext): void {
  if (signal.aborted) throw new CofferError('cancelled', 'The delivery was cancelled.')
}
