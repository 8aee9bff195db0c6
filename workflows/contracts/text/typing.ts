import { actionNames, actions, Envelope, type ActionName } from '../messages.ts';

/** The command of an action: `requestFix` becomes `request-fix`. */
export const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** The field that may be given as an argument after RUN, for actions that are mostly one text. */
export const POSITIONAL: Partial<Record<ActionName, string>> = {
  requestFix: 'findings',
  requestChanges: 'feedback',
  reject: 'reason',
  pause: 'reason',
  resume: 'reason',
  stop: 'reason',
  incorporate: 'feedback',
  resolveCap: 'choice',
  restartFrom: 'step',
};

/** The fields that must be typed after a command, in order. The last one takes the rest of the text. */
export function typedFields(name: ActionName): string[] {
  const { shape } = actions[name].input;
  return Object.entries(shape).flatMap(([field, schema]) =>
    !Object.hasOwn(Envelope.shape, field) && (!schema.isOptional() || field === POSITIONAL[name]) ? [field] : [],
  );
}

/** The action of a command, as in `request-fix`. */
export const actionTyped = (word: string): ActionName | undefined => actionNames.find((name) => kebab(name) === word);
