import type { Message, Notifier } from '../../../activities/ports.ts';
import { NoticeType, type Notice } from '../../../workflows/contracts/notices.ts';

/** The needs of the suite for notifiers: a receiver that drops notices with a known key. */
export interface NotifierRig {
  notifier: Notifier;
  /** The received notices, as `<workflow>: <notice's id> <type> <severity>: <text>`, in order. */
  told(): Promise<string[]>;
  dispose(): Promise<void>;
}

export const messageOf = (over: Partial<Notice> = {}, workflowId = 'run/default/PAY-1'): Message => {
  const at = '2026-11-24T10:00:00.000Z';
  const notice = { id: '1-ci/ci_failed-1', type: 'ci_failed', severity: 'normal', at, text: 'Red.', ...over } as const;
  return {
    key: `${workflowId}/${notice.id}@${notice.at}/${notice.severity}`,
    workflowId,
    task: { id: 'PAY-1', title: 'Totals', type: 'feature' },
    notice,
  };
};

export const wordsOf = ({ workflowId, id, type, severity, text }: Notice & { workflowId: string }) =>
  `${workflowId}: ${id} ${type} ${severity}: ${text}`;

/** What every notifier must do. */
export function notifierContract(name: string, rigOf: () => Promise<NotifierRig>): void {
  describe(`${name} as a notifier`, () => {
    let rig: NotifierRig;
    beforeEach(async () => void (rig = await rigOf()));
    afterEach(() => rig.dispose());

    const expectTold = async (messages: Message[]) =>
      expect(await rig.told()).toEqual(
        messages.map(({ workflowId, notice }) => wordsOf({ workflowId, ...notice } as Notice & { workflowId: string })),
      );

    it('delivers notices of every type, in order [A-217]', async () => {
      const messages = NoticeType.options.map((type) => messageOf({ type, id: `1-x/${type}-1`, text: `“${type}”\n…` }));
      for (const message of messages) await rig.notifier.deliver(message);
      await expectTold(messages);
    });

    it('delivers a repeated notice so that it counts once', async () => {
      const message = messageOf();
      await rig.notifier.deliver(message);
      await Promise.all([rig.notifier.deliver(message), rig.notifier.deliver(structuredClone(message))]);
      await expectTold([message]);
    });

    it('delivers a notice again if it has become urgent, or if another run uses the same id', async () => {
      const messages = [
        messageOf(),
        messageOf({ severity: 'urgent' }),
        messageOf({ at: '2026-11-25T10:00:00.000Z' }),
        messageOf({}, 'run/default/PAY-2'),
      ];
      for (const message of messages) await rig.notifier.deliver(message);
      await expectTold(messages);
    });
  });
}
