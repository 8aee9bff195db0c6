import { createServer, connect, type Server, type Socket } from 'node:net';

/** A connection to a program on loopback that can be cut: open connections drop, and new ones get no answer. */
export class Proxy {
  private readonly sockets = new Set<Socket>();
  private isCut = false;

  private constructor(
    private readonly server: Server,
    readonly port: number,
  ) {}

  /** `host`: the address of ours at which it listens. */
  static async to(target: number, host = '127.0.0.1'): Promise<Proxy> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, host, resolve));
    const proxy = new Proxy(server, (server.address() as { port: number }).port);
    server.on('connection', (near) => proxy.join(near, target));
    return proxy;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  cut(): void {
    this.isCut = true;
    for (const socket of this.sockets) socket.destroy();
  }

  mend(): void {
    this.isCut = false;
  }

  close(): void {
    this.cut();
    this.server.close();
  }

  private join(near: Socket, target: number): void {
    if (this.isCut) return void near.destroy();
    const far = connect(target, '127.0.0.1');
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.sockets.add(one);
      one.pipe(other);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        this.sockets.delete(one);
        other.destroy();
      });
    }
  }
}
