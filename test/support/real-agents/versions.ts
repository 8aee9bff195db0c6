/** A real coding agent for the tests, as its packages are called in the npm registry. It is fetched, never a dependency. */
export interface RealAgent {
  name: 'codex' | 'opencode' | 'gemini';
  version: string;
  packages: readonly string[];
  /** Whether npm also installs the optional packages, among them those of this platform. */
  optional: boolean;
  /** The file to run, below `node_modules`. */
  executable: string;
  megabytes: number;
}

/** OpenCode's program is in a package of its own for each platform. With all optional packages, npm installs several. */
const OPENCODE = `opencode-${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;

export const REAL_AGENTS = {
  codex: {
    name: 'codex',
    version: '0.171.0',
    packages: ['@openai/codex@0.171.0'],
    optional: true,
    executable: '@openai/codex/bin/codex.js',
    megabytes: 424,
  },
  opencode: {
    name: 'opencode',
    version: '1.18.33',
    packages: ['opencode-ai@1.18.33', `${OPENCODE}@1.18.33`],
    optional: false,
    executable: `${OPENCODE}/bin/opencode`,
    megabytes: 177,
  },
  gemini: {
    name: 'gemini',
    version: '0.61.0',
    packages: ['@google/gemini-cli@0.61.0'],
    optional: false,
    executable: '@google/gemini-cli/bundle/gemini.js',
    megabytes: 96,
  },
} as const satisfies Record<string, RealAgent>;

/** The agent whose tests run in `npm test` too. It starts the fastest. */
export const IN_CI = 'codex';
