"""Gaussian processes: kernels, likelihood, conditioning, leave-out and joint draws, each once.

Kernels are values (`bmm.gp.kernels`, `bmm.gp.stationary`, `bmm.gp.nonstationary`).  A process is
conditioned at scattered points in `bmm.gp.process`, and on the lattice of (Z, N) in
`bmm.gp.lattice_field`, where likelihood and joint draws cost little more than a Cholesky
decomposition.  `bmm.gp.basis` is the Hilbert-space approximation that the mixture's weights use.
"""
