import { z } from 'zod';
import type { Mode } from '../conversation.ts';

const Modes = z.looseObject({
  currentModeId: z.string().optional(),
  availableModes: z.array(z.looseObject({ id: z.string(), name: z.string().catch('') })),
});
const Value = z.looseObject({ value: z.string(), name: z.string().catch('') });
const Option = z.looseObject({
  id: z.string(),
  category: z.string().nullish().catch(undefined),
  options: z.array(z.union([Value, z.looseObject({ options: z.array(Value) })])),
});
const Models = z.looseObject({ availableModels: z.array(z.looseObject({ modelId: z.string() })) });

/** A session as its agent describes it. */
export const Session = z.looseObject({
  sessionId: z.string(),
  modes: Modes.nullish().catch(undefined),
  configOptions: z.array(z.unknown()).nullish().catch(undefined),
  models: Models.nullish().catch(undefined),
});
export type Session = z.output<typeof Session>;

/** A request to the agent. */
export interface Choice {
  method: string;
  params: Record<string, unknown>;
}

interface Offer {
  names: string[];
  choose(name: string): Choice;
}

/** Modes in which an agent changes nothing, as agents name them, the strictest first. */
const READ_ONLY = [/^read[-_ ]?only$/i, /^plan$/i, /^plan[-_ ]?mode$/i, /^ask$/i];

/** The requests that choose model and mode. `unoffered`: the model that the agent does not offer. */
export function choicesFor(
  session: Session,
  { model, sessionMode, mode }: { model?: string | undefined; sessionMode?: string | undefined; mode: Mode },
): { choices: Choice[] } | { unoffered: 'model' | 'mode'; names: string[] } {
  const choices: Choice[] = [];
  const modes = offered(session, 'mode');
  const readOnly = mode === 'read' ? READ_ONLY.map((words) => modes?.names.find((name) => words.test(name))) : [];
  const wantedMode = readOnly.find((name) => name !== undefined) ?? sessionMode;
  if (wantedMode !== undefined) {
    if (!modes?.names.includes(wantedMode)) return { unoffered: 'mode', names: modes?.names ?? [] };
    choices.push(modes.choose(wantedMode));
  }
  if (model !== undefined) {
    const models = offered(session, 'model');
    if (!models?.names.includes(model)) return { unoffered: 'model', names: models?.names ?? [] };
    choices.push(models.choose(model));
  }
  return { choices };
}

/** What can be chosen. Agents of earlier versions offer modes and models outside of the options. */
function offered({ sessionId, modes, models, configOptions }: Session, category: 'mode' | 'model'): Offer | undefined {
  const options = (configOptions ?? []).flatMap((each) => Option.safeParse(each).data ?? []);
  const option = options.find((each) => each.category === category) ?? options.find((each) => each.id === category);
  if (option) {
    const values = option.options.flatMap((each) => ('value' in each ? [each as { value: string }] : groupOf(each)));
    const choose = (value: string) => ({
      method: 'session/set_config_option',
      params: { sessionId, configId: option.id, value },
    });
    return { names: values.map(({ value }) => value), choose };
  }
  if (category === 'mode') {
    const choose = (modeId: string) => ({ method: 'session/set_mode', params: { sessionId, modeId } });
    return modes ? { names: modes.availableModes.map(({ id }) => id), choose } : undefined;
  }
  const choose = (modelId: string) => ({ method: 'session/set_model', params: { sessionId, modelId } });
  return models ? { names: models.availableModels.map(({ modelId }) => modelId), choose } : undefined;
}

const groupOf = (group: unknown): { value: string }[] => (group as { options?: { value: string }[] }).options ?? [];
