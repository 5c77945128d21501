import { isCofferError } from '../../../../core/errors.ts'
import type { Settings } from '../../../../core/ports/settings.ts'

/** What stands for a rotation function: a handler that is called, or a program that is run. */
export type RotationFunction =
  | { readonly kind: 'url'; readonly url: string }
  | { readonly kind: 'command'; readonly command: readonly string[] }

/**
 * The setting `aws/rotation/<ARN or name of the function>`: `{"url": "https://…"}`, or
 * `{"command": ["/opt/rotate", "--db"]}` where the operator of the server has allowed that program.
 * Absent: nothing stands for the function, or nothing that may.
 */
export async function functionOf(
  settings: Settings,
  functionArn: string,
  allowedCommands: readonly string[],
): Promise<RotationFunction | undefined> {
  for (const name of new Set([functionArn, nameOfFunction(functionArn)])) {
    const setting = await settingOf(settings, `aws/rotation/${name}`)
    if (setting === undefined) continue
    const { url, command } = setting
    if (typeof url === 'string' && /^https?:\/\//.test(url)) return { kind: 'url', url }
    if (!isCommand(command)) return undefined
    return allowedCommands.includes(command[0] ?? '') ? { kind: 'command', command } : undefined
  }
  return undefined
}

const isCommand = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((part) => typeof part === 'string')

/** `arn:aws:lambda:REGION:ACCOUNT:function:NAME`, also with a qualifier; a name is itself. */
function nameOfFunction(functionArn: string): string {
  const parts = functionArn.split(':')
  return parts[0] === 'arn' ? (parts[6] ?? functionArn) : functionArn
}

async function settingOf(settings: Settings, name: string) {
  try {
    return await settings.get(name)
  } catch (error) {
    // What no setting could be called is configured nowhere.
    if (isCofferError(error, 'invalid_path') || isCofferError(error, 'too_large')) return undefined
    throw error
  }
}
