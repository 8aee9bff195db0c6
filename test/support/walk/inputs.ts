import type { ActionName } from '../../../workflows/contracts/messages.ts';
import type { RunAnswer } from '../../../workflows/contracts/reading.ts';
import type { Dice } from './dice.ts';

/** The input of an action: mostly valid at that moment, and now and then not. */
export function fieldsOf(dice: Dice, name: ActionName, current: RunAnswer['current']): Record<string, unknown> {
  const finding = dice.chance(0.1)
    ? 'f-99'
    : (dice.pick((current?.findings ?? [{ id: 'f-1' }]) as { id: string }[])?.id ?? 'f-1');
  switch (name) {
    case 'requestFix':
      return { findings: dice.chance(0.1) ? ' ' : 'wrong' };
    case 'resolveCap':
      return { choice: dice.pick(['extra-round', 'proceed', 'proceed']) };
    case 'restartFrom':
      return { step: dice.pick([1, 2, 3, 5]) };
    case 'answerFinding':
      return { finding, reply: 'x' };
    case 'dismissFinding':
    case 'reopenFinding':
    case 'acceptRecommendation':
    case 'rejectRecommendation':
      return { finding };
    case 'requestChanges':
      return { feedback: 'again' };
    case 'decide':
      return { decision: current?.decision?.id ?? 'none', choice: 'a' };
    default:
      return {};
  }
}
