# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Network namespaces for tests: machines with wires between them, on one machine.

`stack` is a contextlib.ExitStack that ends what is made here."""
import ctypes
import os
import shutil
import socket
import subprocess
import threading

import harness

CLONE_NEWNET = 0x40000000


def what_is_missing():
    """Why there can be no namespaces here; empty when there can."""
    for program in ("unshare", "nsenter", "ip", "tcpdump"):
        if not shutil.which(program):
            return f"{program} is not installed: run tools/setup"
    done = subprocess.run(["unshare", "--net", "ip", "link", "add", "probe", "type", "bridge"], capture_output=True,
                          text=True)
    if done.returncode == 0:
        return ""
    return (f"network namespaces and bridges are not permitted here: {done.stderr.strip()}\n"
            "Run this as root; in a container, with the capabilities SYS_ADMIN, NET_ADMIN and NET_RAW")


class Namespace:
    """A machine of its own: it lives as long as a process that sleeps in it."""

    def __init__(self, stack):
        self.holder = subprocess.Popen(["unshare", "--net", "sleep", "infinity"])
        stack.callback(self.end)
        self.path = f"/proc/{self.holder.pid}/ns/net"
        ours = os.readlink("/proc/self/ns/net")
        harness.wait_until(lambda: os.readlink(self.path) != ours)

    def inside(self, *command):
        """The command that runs this one in here."""
        return ["nsenter", f"--net={self.path}", "--", *map(str, command)]

    def ip(self, *lines):
        subprocess.run(self.inside("ip", "-batch", "-"), input="\n".join(lines), text=True, check=True)

    def listen(self, address=("127.0.0.1", 0)):
        """A listening socket that is in here: a socket is where it was made."""
        return self.call(lambda: socket.create_server(address))

    def connect(self, address):
        """A connected socket that is in here."""
        return self.call(lambda: socket.create_connection(address))

    def call(self, function):
        """What this function returns when it runs on a thread in here."""
        results = []

        def enter():
            with open(self.path) as file:
                if ctypes.CDLL(None, use_errno=True).setns(file.fileno(), CLONE_NEWNET) != 0:
                    results.append(OSError(ctypes.get_errno(), "setns"))
                    return
            results.append(function())

        thread = threading.Thread(target=enter)
        thread.start()
        thread.join()
        if isinstance(results[0], OSError):
            raise results[0]
        return results[0]

    def end(self):
        self.holder.kill()
        self.holder.wait()


class Network:
    """Machines 10.77.0.1, .2 ... on one switch, whose port `switch0` sees whatever any of them sends."""

    def __init__(self, count, stack):
        self.switch = Namespace(stack)
        self.machines = []
        self.switch.ip("link set lo up", "link add switch0 type bridge", "link set switch0 up")
        for number in range(1, count + 1):
            machine = Namespace(stack)
            self.machines.append(machine)
            self.switch.ip(f"link add port{number} type veth peer name wire netns {machine.holder.pid}",
                           f"link set port{number} master switch0 up")
            machine.ip("link set lo up", f"addr add {self.address(number)}/24 dev wire", "link set wire up")

    @staticmethod
    def address(number):
        return f"10.77.0.{number}"


class Forwarder:
    """What connects to a port inside of a namespace is connected to an address outside: the model of GitHub is on
    everybody's loopback, and nothing of it on the wires. Everywhere at the same address: it is a part of every key."""

    URL = "http://127.0.0.1:8080"

    def __init__(self, namespace, target, stack):
        self.target = target
        self.server = namespace.listen(("127.0.0.1", 8080))
        stack.callback(self.stop)
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                client = self.server.accept()[0]
            except OSError:
                return  # stopped
            upstream = socket.create_connection(self.target)
            for here, there in ((client, upstream), (upstream, client)):
                threading.Thread(target=self.pump, args=(here, there), daemon=True).start()

    @staticmethod
    def pump(here, there):
        try:
            while part := here.recv(65536):
                there.sendall(part)
            there.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # the other direction has ended it

    def stop(self):
        self.server.shutdown(socket.SHUT_RDWR)
        self.server.close()
