import { inspectPreset } from '../../activities/adapters/agents/presets/here.ts';
import {
  AGENT_FORMS,
  AgentWritten,
  PRESETS,
  type AgentSettings,
  type PresetName,
} from '../../activities/adapters/settings/agent-settings.ts';
import { badFields, found } from '../../workflows/contracts/bad-fields.ts';
import { Usage } from '../cli/exit-codes.ts';

/** The settings of an agent, as in `{ use: PRESET, model }`. Throws `Usage`, with `argument` as the name of the preset's. */
export function presetOf(argument: string, name: unknown, model?: string): AgentSettings & { is: 'preset' } {
  if (!PRESETS.includes(name as PresetName)) {
    throw new Usage(`${argument}: expected one of ${PRESETS.join(', ')}, found ${found(name)}`);
  }
  const written = { use: name, ...(model !== undefined && { model }) };
  const { error } = AGENT_FORMS.use.safeParse(written);
  if (error)
    throw new Usage(
      badFields(error, written)
        .map(({ path, expected }) => `--${path}: ${expected}`)
        .join('\n'),
    );
  return AgentWritten.parse(written) as AgentSettings & { is: 'preset' };
}

/** Throws `Usage` if the preset's program is not here, or known to be signed out. */
export async function mustBeReady(argument: string, name: PresetName, environment: NodeJS.ProcessEnv): Promise<void> {
  const { program, install, installed, signedIn, detail } = await inspectPreset(name, environment);
  if (!installed) throw new Usage(`${argument}: ${program} is not on PATH. To get it: ${install}`);
  if (signedIn === false) throw new Usage(`${argument}: ${program} is ${detail ?? 'not signed in'}`);
}
