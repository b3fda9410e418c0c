# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Writes what the suite found as a table: a line for each scene, a column for each pair."""
