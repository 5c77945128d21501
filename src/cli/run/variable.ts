import { CofferError } from '../../core/errors.ts'
import { OWN_KEYS } from '../../core/own-keys.ts'

/**
 * Whether a variable that was read to open the store may hold its root key or a part of it: text
 * that encodes 8 bytes or more, in a variable that does not merely say where something is.
 */
export const mayHoldKey = (name: string, value: string): boolean =>
  !PLACES.test(name) && KEY_TEXT.test(value)

const PLACES = /^(?:COFFER_(?:DATA_DIR|CONFIG_DIR|AUDIT_\w+)|HOME|PATH|PWD|TMPDIR|USER|XDG_\w+)$/
const KEY_TEXT = /^\s*[A-Za-z0-9+/_=-]{11,}\s*$/

/** Names that decide which code a program loads or runs, by the program that obeys them. */
const LOADING: ReadonlySet<string> = new Set(
  `
    PATH IFS ENV BASH_ENV SHELLOPTS BASHOPTS PS4 PROMPT_COMMAND CDPATH SHELL EDITOR VISUAL PAGER
    BROWSER MANPAGER LESSOPEN LESSCLOSE ZDOTDIR NODE_OPTIONS NODE_PATH NODE_COMPILE_CACHE NODE_REPL_EXTERNAL_MODULE
    ELECTRON_RUN_AS_NODE PYTHONPATH PYTHONHOME PYTHONSTARTUP PYTHONINSPECT PYTHONBREAKPOINT PYTHONWARNINGS PYTHONUSERBASE
    PERL5OPT PERL5LIB PERLLIB PERL5DB RUBYOPT RUBYLIB LUA_INIT PHPRC PHP_INI_SCAN_DIR R_PROFILE
    R_PROFILE_USER CLASSPATH JAVA_TOOL_OPTIONS _JAVA_OPTIONS JDK_JAVA_OPTIONS MAVEN_OPTS
    GRADLE_OPTS ERL_FLAGS GIT_SSH GIT_SSH_COMMAND GIT_EXEC_PATH GIT_EXTERNAL_DIFF
    GIT_DIR GIT_PROXY_COMMAND GIT_ASKPASS GIT_EDITOR GIT_PAGER GIT_TEMPLATE_DIR SSH_ASKPASS SUDO_ASKPASS
    GCONV_PATH GLIBC_TUNABLES LOCPATH NLSPATH HOSTALIASES RES_OPTIONS TERMINFO OPENSSL_CONF
    OPENSSL_MODULES OPENSSL_ENGINES SSLKEYLOGFILE MAKEFLAGS RUSTC_WRAPPER _
  `
    .trim()
    .split(/\s+/),
)
const LOADING_FAMILY =
  /^(?:LD_|DYLD_|BASH_FUNC_|GIT_CONFIG|COR_|CORECLR_|DOTNET_STARTUP|npm_config_)/i

const LEGAL = /^[A-Za-z_][A-Za-z0-9_]*$/

/**
 * The variable of a path below a prefix: `a/b-c` is `A_B_C`. Slashes, dashes, dots and spaces become
 * `_`, letters a to z upper case; anything else stays, and is refused by `checkVariable`.
 */
export const variableOf = (relativePath: string): string =>
  relativePath.replace(/[/\-. ]/g, '_').replace(/[a-z]+/g, (letters) => letters.toUpperCase())

/** Whether the name would change how programs are loaded, or carry one of Coffer's own keys. */
export const isLoadingName = (name: string): boolean =>
  LOADING.has(name) || LOADING_FAMILY.test(name) || OWN_KEYS.includes(name)

/** @throws CofferError `env_name_refused` for a name that is illegal, or dangerous and not allowed */
export function checkVariable(name: string, allowed: ReadonlySet<string>): void {
  if (!LEGAL.test(name) || name === '__proto__') {
    throw new CofferError('env_name_refused', `${name} cannot be the name of a variable.`, {
      remedy: 'Give it a name with `coffer update PATH --env-name NAME`.',
    })
  }
  if (isLoadingName(name) && !allowed.has(name)) {
    throw new CofferError(
      'env_name_refused',
      `${name} changes how programs are loaded, or leads to Coffer's own keys.`,
      { remedy: `If it is meant, allow it with --allow-env ${name}.` },
    )
  }
}
