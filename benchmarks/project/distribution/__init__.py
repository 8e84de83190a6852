"""What `make release` makes: a wheel, its source, an installer, a list of what a base install brings, checksums.

    packages     sdist and wheel, from what git knows alone, the same bytes each time
    materials    the CycloneDX list of an environment that the wheel made
    sums         SHA256SUMS
    install.sh   installs the wheel that lies beside it, for devices
    __main__     puts them into dist/

May import of `catdog`: `edge`.
"""
