import { actionNames, actions, type ActionName } from '../../workflows/contracts/messages.ts';
import { kebab, POSITIONAL } from '../../workflows/contracts/text/typing.ts';

/** Fields that every action has. */
const COMMON = ['actionId', 'by', 'visit', 'head', 'note'];

export interface ActionCommand {
  name: ActionName;
  /** The command with its arguments: `request-fix <run> [findings]`. */
  usage: string;
  description: string;
  /** The field that may be given as an argument after the run. */
  positional: string | undefined;
  options: [flags: string, description: string][];
}

/**
 * One command for each human action, derived from the table of actions. A build keeps the result instead of this code
 * (`client/building/bundles.mjs`), so that help does not load the schemas.
 */
export const actionCommands: ActionCommand[] = actionNames.map((name) => {
  const { description, input } = actions[name];
  const own = Object.keys(input.shape).filter((field) => ![...COMMON, 'via'].includes(field));
  const positional = POSITIONAL[name];
  return {
    name,
    usage: `${kebab(name)} <run>${positional ? ` [${positional}]` : ''}`,
    description,
    positional,
    options: [...own, ...COMMON].map((field) => [`--${kebab(field)} <value>`, field]),
  };
});
