import { execa } from 'execa';
import { Proxy } from '../../support/cluster/proxy.ts';

/**
 * A network namespace with one cable to this machine. Servers on our loopback are reached through proxies at our end of the
 * cable, so the machine can be cut off.
 */
export class Network {
  private readonly proxies: Proxy[] = [];

  private constructor(
    readonly name: string,
    private readonly cable: string,
    private readonly ours: string,
  ) {}

  /** `n`: 1 to 250, and different for all networks that exist at once. */
  static async create(n: number): Promise<Network> {
    const [name, cable, net] = [`gatehouse-${n}`, `gatehouse-${n}`, `10.213.${n}`];
    await dropped(name, cable); // of a command that was killed
    await execa('ip', ['netns', 'add', name]);
    await execa('ip', ['link', 'add', cable, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name]);
    await execa('ip', ['address', 'add', `${net}.1/30`, 'dev', cable]);
    await execa('ip', ['link', 'set', cable, 'up']);
    for (const args of [
      ['address', 'add', `${net}.2/30`, 'dev', 'eth0'],
      ['link', 'set', 'eth0', 'up'],
      ['link', 'set', 'lo', 'up'],
    ]) {
      await execa('ip', ['-n', name, ...args]);
    }
    return new Network(name, cable, `${net}.1`);
  }

  /** The address at which the machine reaches a server on this port of our loopback. */
  async to(port: number): Promise<string> {
    const proxy = await Proxy.to(port, this.ours);
    this.proxies.push(proxy);
    return `${this.ours}:${proxy.port}`;
  }

  cut(): void {
    for (const proxy of this.proxies) proxy.cut();
  }

  mend(): void {
    for (const proxy of this.proxies) proxy.mend();
  }

  async remove(): Promise<void> {
    for (const proxy of this.proxies) proxy.close();
    await dropped(this.name, this.cable);
  }
}

async function dropped(name: string, cable: string): Promise<void> {
  await execa('ip', ['link', 'delete', cable], { reject: false });
  await execa('ip', ['netns', 'delete', name], { reject: false });
}
