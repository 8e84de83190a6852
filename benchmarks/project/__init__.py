"""What only this project measures, and how it makes a release: in a clone, not in the wheel. Imported as `benchmarks.project`.

`catdog-bench NAME` finds it where catdog is installed from a clone, or where one stands in a clone's folder.

    camera, folder, motion, soak, startup, training    what is claimed of catdog, beside the least that does as much
    profiles, confined                                 what --profile saves, with the memory and cores of a small board
    peers                                              other ways to run the same model, in environments of their own
    release, demo                                      for `make bundled-models` and `make demo`
    distribution                                       for `make release`: wheel, source, installer, checksums
"""
