import type { Message, Notifier } from '../../../activities/ports.ts';
import { NoticeType, type Notice } from '../../../workflows/contracts/notices.ts';

/** What a notifier's suite needs: somebody who is told, and drops what has the key of something they have. */
export interface NotifierRig {
  notifier: Notifier;
  /** What has been told, as `<workflow>: <notice's id> <type> <severity>: <text>`, in order. */
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

    it('tells notices of every type, in order [A-217]', async () => {
      const messages = NoticeType.options.map((type) => messageOf({ type, id: `1-x/${type}-1`, text: `“${type}”\n…` }));
      for (const message of messages) await rig.notifier.deliver(message);
      await expectTold(messages);
    });

    it('tells what it is told twice so that it counts as once', async () => {
      const message = messageOf();
      await rig.notifier.deliver(message);
      await Promise.all([rig.notifier.deliver(message), rig.notifier.deliver(structuredClone(message))]);
      await expectTold([message]);
    });

    it('tells again what has become urgent, and what another run has by the same name', async () => {
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
