"""The internet in a box: every outside system the hub talks to, played by one process on this machine."""
