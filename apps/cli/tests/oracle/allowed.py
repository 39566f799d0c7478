"""What network-config-analyzer allows: allowed.py FOLDER tcp:80 udp:53 ... [-ip 1.2.3.4].

Prints one line for each allowed probe, `from to PROTOCOL port`, an address outside as `ip/1.2.3.4`.
"""

import contextlib
import io
import ipaddress
import sys

with contextlib.redirect_stdout(io.StringIO()):
    from nca.CoreDS.ConnectivityProperties import ConnectivityProperties
    from nca.CoreDS.Peer import IpBlock
    from nca.NetworkConfig.ResourcesHandler import ResourcesHandler
    from nca.Resources.PolicyResources.NetworkPolicy import PolicyConnectionsFilter


def ends(peers, outside):
    """The names of pods, and of those addresses outside that the peers hold."""
    for peer in peers:
        if isinstance(peer, IpBlock):
            for part in str(peer).split(","):
                first, last = part.split("-") if "-" in part else (part, part)
                first, last = ipaddress.ip_address(first), ipaddress.ip_address(last)
                for address in outside:
                    if address.version == first.version and first <= address <= last:
                        yield f"ip/{address}"
        else:
            yield str(peer)


def main(folder, arguments):
    ports, outside = [], []
    arguments = iter(arguments)
    for argument in arguments:
        if argument == "-ip":
            outside.append(ipaddress.ip_address(next(arguments)))
        else:
            protocol, port = argument.split(":")
            ports.append((protocol.upper(), int(port)))
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        config = ResourcesHandler().get_network_config(None, None, None, [folder])
        wanted = PolicyConnectionsFilter.only_all_allowed_connections()
        allowed = config.allowed_connections(res_conns_filter=wanted).all_allowed_conns
        allowed = config.filter_conns_by_peer_types(allowed)
    found = set()
    for cube in allowed:
        cube = allowed.get_connectivity_cube(cube)
        _, sources, destinations = ConnectivityProperties.extract_src_dst_peers_from_cube(cube, config.peer_container)
        open_ports = [
            (protocol, port)
            for protocol, port in ports
            if protocol in cube["protocols"] and port in cube["dst_ports"].port_set
        ]
        for source in set(ends(sources, outside)):
            for destination in set(ends(destinations, outside)):
                found.update(f"{source} {destination} {protocol} {port}" for protocol, port in open_ports)
    print("\n".join(sorted(found)))


main(sys.argv[1], sys.argv[2:])
