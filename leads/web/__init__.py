"""The desk: pages for people, server-rendered. Nothing is loaded from anywhere else."""
