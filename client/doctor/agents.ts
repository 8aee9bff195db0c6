import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { unavailableAgents, type UnavailableAgent } from '../../activities/adapters/agents/availability.ts';
import { inspectPreset, type PresetHere } from '../../activities/adapters/agents/presets/here.ts';
import type { Agents, PresetName } from '../../activities/adapters/settings/agent-settings.ts';
import { FILE, parseSettings } from '../../activities/adapters/settings/repository-settings.ts';
import { shellWord } from '../../workflows/contracts/text/quoting.ts';
import type { Finding } from '../../workflows/contracts/survey.ts';
import { configurationOf } from '../../worker/configuration/configuration-file.ts';
import type { ClientConfig } from '../config.ts';
import { typed } from '../invocation.ts';

/** A preset as agents use it. Those with other variables or secrets may be signed in as somebody else. */
export interface Use {
  preset: PresetName;
  env: Readonly<Record<string, string>>;
  secrets: readonly string[];
  /** Where it is written, such as `.gatehouse.yml:agents.default`. */
  at: string[];
}

/**
 * Checks the presets that the configuration file and a repository use, as this machine has them, and reports the agents that
 * cannot work now. `repository`: the folder whose settings are read; default: the one that contains the working folder.
 */
export async function agentsOf(config: ClientConfig, repository: string | undefined): Promise<Finding[]> {
  const { variables, environment, data } = config;
  const { defaults } = configurationOf(variables, environment).current();
  const read = settingsIn(repository);
  const uses = usesOf([defaults, ...('agents' in read ? [{ agents: read.agents, at: `${FILE}:agents` }] : [])]);
  const presets = uses.map(async (use) => {
    const here = await inspectPreset(use.preset, { ...environment, ...use.env });
    return presetFinding(use, here);
  });
  const unavailable = await unavailableAgents(data);
  return [
    ...('finding' in read ? [read.finding] : []),
    ...(await Promise.all(presets)),
    ...unavailable.map((agent) => unavailableFinding(agent, Date.now())),
  ];
}

/** The agents of the repository's working tree. Without a file there are none, unless the folder was named. */
function settingsIn(named: string | undefined): { agents: Agents } | { finding: Finding } {
  const about = 'repository';
  const folder = named === undefined ? enclosing(process.cwd()) : path.resolve(named);
  const file = folder && path.join(folder, FILE);
  if (file === undefined || !existsSync(file)) {
    if (named === undefined) return { agents: {} };
    return {
      finding: { about, ok: false, detail: `${folder} has no ${FILE}`, mend: `add ${FILE} to its base branch` },
    };
  }
  const parsed = parseSettings(readFileSync(file, 'utf8'));
  if ('settings' in parsed) return { agents: parsed.settings.agents };
  const detail = parsed.fields.map(({ path: key, expected }) => `${key}: ${expected}`).join('; ');
  return { finding: { about, ok: false, detail, mend: `correct ${file}` } };
}

/** The nearest folder that has settings, up to the root of the repository. */
function enclosing(folder: string): string | undefined {
  if (existsSync(path.join(folder, FILE))) return folder;
  const parent = path.dirname(folder);
  return parent === folder || existsSync(path.join(folder, '.git')) ? undefined : enclosing(parent);
}

/** The presets in use, each once for the same variables and secrets. */
export function usesOf(found: readonly { agents: Agents; at: string }[]): Use[] {
  const uses = new Map<string, Use>();
  for (const { agents, at } of found) {
    for (const [role, agent] of Object.entries(agents)) {
      if (agent.is !== 'preset') continue;
      const { preset, env, secrets } = agent;
      const key = JSON.stringify([preset, Object.entries(env).sort(), [...secrets].sort()]);
      const use = uses.get(key) ?? { preset, env, secrets, at: [] };
      use.at.push(`${at}.${role}`);
      uses.set(key, use);
    }
  }
  return [...uses.values()];
}

/** What is to be said of a preset in use. One that gets secrets need not be signed in here. */
export function presetFinding({ preset, secrets, at }: Use, here: PresetHere): Finding {
  const about = `agent ${preset}`;
  const used = `for ${at.join(', ')}`;
  const { installed, program, install, version = 'version unknown', signedIn, detail = 'sign-in unknown' } = here;
  if (!installed) return { about, ok: false, detail: `${program} is not on PATH; ${used}`, mend: install };
  if (secrets.length > 0) return { about, ok: true, detail: `${version}; with ${secrets.join(', ')}; ${used}` };
  const said = `${version}; ${detail}; ${used}`;
  if (signedIn !== false) return { about, ok: true, detail: said };
  return { about, ok: false, detail: said, mend: `sign in, then try it: ${typed(`agents try ${preset}`)}` };
}

/** What is to be said of an agent that was refused. Once its time has come, the next job tries it. */
export function unavailableFinding(agent: UnavailableAgent, now: number): Finding {
  const { program, because, since, until, tries, file } = agent;
  const isDue = Date.parse(until) <= now;
  const next = isDue ? 'the next job tries it' : `it is tried again at ${until}`;
  const count = `${tries} ${tries === 1 ? 'try' : 'tries'}`;
  const detail = `cannot work since ${since}: ${because.replace(/\.$/, '')} (${count}); ${next}`;
  const about = program === undefined || program === '' ? 'agent' : `agent ${program}`;
  const mend = `wait, or fix the cause; jobs then begin at once after: rm ${shellWord(file)}`;
  return { about, ok: isDue, detail, mend };
}
