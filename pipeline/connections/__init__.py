"""Clients for the services that the settings name. Made per process, when first used."""
